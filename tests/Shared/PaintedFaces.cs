using Masquerade.Evaluation.Datasets.People;
using Masquerade.Training;

namespace Masquerade.Testing;

/// <summary>A few painted people, for all tests of a class.</summary>
public sealed class PaintedFaces
{
    public const int People = 9;
    public const int Captures = 4;

    public TrainingFaces Faces { get; } = TrainingPeople.Paint(People, Captures, seed: 77, threads: 2);
}
