// A verifier with a purifier and a detector in front of it. On the bundled model: dotnet run [PROBE.png REFERENCE.png [DETECTOR]]; crops as
// the model takes them, a detector by its bundled name or as masq train detector --model mini writes it.
using Masquerade.Alignment;
using Masquerade.Defenses;
using Masquerade.Detection;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Networks;
using Masquerade.Verification;

OpenMpSettings.WaitPassively();
using var model = FaceModel.Load(NamedModels.Default.Find("mini"), threads: Environment.ProcessorCount, gradients: false);
var bare = new FaceVerifier(model.Embedder, model.Descriptor.Threshold);
using var purifier = PurifierRegistry.Open("median:3+jpeg:75");
using var detector = Detector.Open(
    BundledDetectors.FileOf(args is [_, _, var named] ? named : "cnn"), model, Environment.ProcessorCount, gradients: false);
var defended = new DefendedVerifier(bare, purifier, detector: detector);
var (probe, reference) = args is [var first, var second, ..] ? (ImageFile.Read(first), ImageFile.Read(second)) : (Crop(0), Crop(1));

Console.WriteLine($"bare: squared distance {bare.Compare(probe, reference):F3}, the same person below {bare.Threshold:F3}");
var answer = defended.Verify(probe, reference);
Console.WriteLine($"behind {defended.Defense}: {answer.Distance:F3}, {answer.Outcome.ToString().ToLowerInvariant()}");
Console.WriteLine($"{detector.Name} scores {answer.Score:F2}, refused above {answer.MostScore:F2}");

// Where no crops are given: two photographs of a person who does not exist.
static FaceImage Crop(int capture)
{
    var photograph = new SyntheticFaces(seed: 1).Photograph(person: 0, capture);
    return FaceAligner.Align(photograph.Decode(), photograph.Landmarks, AlignmentKind.ArcFace112x112);
}
