// A verifier with a purifier in front of it. On the bundled model: dotnet run PROBE.png REFERENCE.png; crops as the model takes them.
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
var defended = new DefendedVerifier(bare, purifier);
var (probe, reference) = args is [var first, var second] ? (ImageFile.Read(first), ImageFile.Read(second)) : (Crop(0), Crop(1));

Console.WriteLine($"bare: squared distance {bare.Compare(probe, reference):F3}, the same person below {bare.Threshold:F3}");
Console.WriteLine($"behind {purifier.Name}: {defended.Compare(probe, reference):F3}, "
    + (defended.IsSame(probe, reference) ? "the same person" : "two people"));

// Where no crops are given: two photographs of a person who does not exist.
static FaceImage Crop(int capture)
{
    var photograph = new SyntheticFaces(seed: 1).Photograph(person: 0, capture);
    return FaceAligner.Align(photograph.Decode(), photograph.Landmarks, AlignmentKind.ArcFace112x112);
}
