using System.Text.Json;
using System.Text.Json.Serialization;

namespace Masquerade.Training;

/// <summary>How good a network is on people that it never saw.</summary>
public interface ITrainingScores
{
    /// <summary>What a better network has more of.</summary>
    double Score { get; }
}

/// <summary>An epoch of a training.</summary>
/// <typeparam name="TScores">What the network is judged by.</typeparam>
/// <param name="Epoch">Its number, from 1.</param>
/// <param name="Loss">Mean loss over its steps.</param>
/// <param name="Validation">How good the network was at its end.</param>
/// <param name="Best">Whether that was the best so far.</param>
public sealed record TrainingEpoch<TScores>(int Epoch, double Loss, TScores Validation, bool Best);

/// <summary>How far a training is.</summary>
/// <typeparam name="TScores">What the network is judged by.</typeparam>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Epoch">The epoch under way, from 1.</param>
/// <param name="Loss">The last step's loss; null before the first.</param>
/// <param name="Finished">The epoch that has just ended; null between.</param>
public sealed record TrainingProgress<TScores>(long Step, long Steps, int Epoch, double? Loss, TrainingEpoch<TScores>? Finished);

/// <summary>What a training was told to do and what it has done; part of every checkpoint, and written as <c>training.json</c>.</summary>
/// <typeparam name="TSettings">How it is trained.</typeparam>
/// <typeparam name="TScores">What the network is judged by.</typeparam>
public sealed record TrainingJournal<TSettings, TScores>
    where TSettings : TrainingSettings
    where TScores : class, ITrainingScores
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>How it is trained.</summary>
    public required TSettings Settings { get; init; }

    /// <summary>What it is trained on.</summary>
    public required TrainingData Data { get; init; }

    /// <summary>SHA-256 of the crops, so that a training does not go on with others.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Epochs that are over.</summary>
    public IReadOnlyList<TrainingEpoch<TScores>> Epochs { get; init; } = [];

    /// <summary>Sum of the losses of the epoch that is not over.</summary>
    public double LossSoFar { get; init; }

    /// <summary>The best epoch so far; null before the first.</summary>
    [JsonIgnore]
    public TrainingEpoch<TScores>? BestEpoch => Epochs.LastOrDefault(e => e.Best);

    /// <summary>Whether it has learned long enough.</summary>
    [JsonIgnore]
    public bool IsOver => Epochs.Count >= Settings.Epochs
        || (Settings.Patience > 0 && BestEpoch is { } best && Epochs.Count - best.Epoch >= Settings.Patience);

    /// <summary>As JSON, UTF-8.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Format);

    /// <summary>Reads what <see cref="ToJson"/> made.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="source">Where it is from, for messages.</param>
    /// <exception cref="InputException">It is not a journal, or its settings are impossible.</exception>
    internal static TrainingJournal<TSettings, TScores> Parse(ReadOnlySpan<byte> json, string source)
    {
        try
        {
            var journal = JsonSerializer.Deserialize<TrainingJournal<TSettings, TScores>>(json, Format)
                ?? throw new JsonException("it is empty");
            journal.Settings.Check();
            return journal;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new InputException($"{source}: its journal is not of such a training, or of another version "
                + $"({InputFile.OneLine(e.Message)}); begin the training anew", e);
        }
    }
}
