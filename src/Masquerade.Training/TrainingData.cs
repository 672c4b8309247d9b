namespace Masquerade.Training;

/// <summary>What is trained on: a folder of people, or people who do not exist.</summary>
public sealed record TrainingData
{
    /// <summary>Folder of people; null: synthetic people.</summary>
    public string? Images { get; init; }

    /// <summary>Landmark file of the folder.</summary>
    public string? Landmarks { get; init; }

    /// <summary>Whether the folder's photographs already are crops.</summary>
    public bool Aligned { get; init; }

    /// <summary>File of the people of the folder to take; null: everybody.</summary>
    public string? PeopleList { get; init; }

    /// <summary>List of the pairs that will be evaluated: nobody in it may be trained on; null: not looked at.</summary>
    public string? Pairs { get; init; }

    /// <summary>Whether people of the pairs may be trained on all the same.</summary>
    public bool AllowOverlap { get; init; }

    /// <summary>How many synthetic people.</summary>
    public int People { get; init; }

    /// <summary>Photographs of each synthetic person.</summary>
    public int Captures { get; init; }

    /// <summary>Seed of the synthetic people.</summary>
    public ulong Seed { get; init; }
}
