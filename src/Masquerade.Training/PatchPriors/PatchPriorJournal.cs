using System.Text.Json;
using System.Text.Json.Serialization;

namespace Masquerade.Training.PatchPriors;

/// <summary>A step of a patch prior's training.</summary>
/// <param name="Iteration">Its number, from 1.</param>
/// <param name="LogLikelihood">Of a patch, in the mean, under the prior that the step began with; in nats.</param>
/// <param name="HeldOut">Of a patch of people kept from training, under the prior that the step ended with.</param>
public sealed record PatchPriorIteration(int Iteration, double LogLikelihood, double HeldOut);

/// <summary>What a trained prior does to people who were kept from training.</summary>
/// <param name="LogLikelihood">Of a patch, in the mean, in nats.</param>
/// <param name="NoisyPsnr">Mean peak signal-to-noise ratio of noisy crops in dB.</param>
/// <param name="Psnr">The same once EPLL has cleaned them.</param>
public sealed record PatchPriorScores(double LogLikelihood, double NoisyPsnr, double Psnr);

/// <summary>What a training was told to do and what it has done; part of every checkpoint, and written as <c>training.json</c>.</summary>
public sealed record PatchPriorJournal
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>How it is trained.</summary>
    public required PatchPriorSettings Settings { get; init; }

    /// <summary>What it is trained on.</summary>
    public required TrainingData Data { get; init; }

    /// <summary>SHA-256 of the crops, so that a training does not go on with others.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Steps that are over.</summary>
    public IReadOnlyList<PatchPriorIteration> Iterations { get; init; } = [];

    /// <summary>How the finished prior was judged; null before.</summary>
    public PatchPriorScores? Validation { get; init; }

    /// <summary>As JSON, UTF-8.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Format);

    /// <summary>Reads what <see cref="ToJson"/> made.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="source">Where it is from, for messages.</param>
    /// <exception cref="InputException">It is not a journal, or its settings are impossible.</exception>
    public static PatchPriorJournal Parse(ReadOnlySpan<byte> json, string source)
    {
        try
        {
            var journal = JsonSerializer.Deserialize<PatchPriorJournal>(json, Format) ?? throw new JsonException("it is empty");
            journal.Settings.Check();
            return journal;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new InputException($"{source}: its journal is not of a patch prior's training, or of another version "
                + $"({InputFile.OneLine(e.Message)}); begin the training anew", e);
        }
    }
}
