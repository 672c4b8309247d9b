// A verifier with a purifier and, where one is given, a detector in front of it. On the bundled model: dotnet run [PROBE.png REFERENCE.png
// [DETECTOR.onnx]]; crops as the model takes them, a detector as masq train detector --model mini writes it.
using Masquerade.Alignment;
using Masquerade.Datasets.Synthetic;
using Masquerade.Defenses;
using Masquerade.Detection;
using Masquerade.Faces;
using Masquerade.Models;
using Masquerade.Networks;
using Masquerade.Verification;

OpenMpSettings.WaitPassively();
using var model = FaceModel.Load(NamedModels.Default.Find("mini"), threads: Environment.ProcessorCount, gradients: false);
var bare = new FaceVerifier(model.Embedder, model.Descriptor.Threshold);
using var purifier = PurifierRegistry.Open("median:3+jpeg:75");
using var detector = args is [_, _, var file] ? Detector.Open(file, model, Environment.ProcessorCount, gradients: false) : null;
var defended = new DefendedVerifier(bare, purifier, detector: detector);
var (probe, reference) = args is [var first, var second, ..] ? (ImageFile.Read(first), ImageFile.Read(second)) : (Crop(0), Crop(1));

Console.WriteLine($"bare: squared distance {bare.Compare(probe, reference):F3}, the same person below {bare.Threshold:F3}");
var answer = defended.Verify(probe, reference);
Console.WriteLine($"behind {defended.Defense}: {answer.Distance:F3}, {answer.Outcome.ToString().ToLowerInvariant()}");
if (answer.Score is { } score) Console.WriteLine($"the detector's score is {score:F2}, refused above {answer.MostScore:F2}");

// Where no crops are given: two photographs of a person who does not exist.
static FaceImage Crop(int capture)
{
    var photograph = new SyntheticFaces(seed: 1).Photograph(person: 0, capture);
    return FaceAligner.Align(photograph.Decode(), photograph.Landmarks, AlignmentKind.ArcFace112x112);
}
