// How little must a photograph change until a verifier no longer knows the person? On the bundled model, or: dotnet run my.model.json
using Masquerade.Alignment;
using Masquerade.Attacks;
using Masquerade.Attacks.Minimal;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Networks;
using Masquerade.Verification;
using TorchSharp;

OpenMpSettings.WaitPassively();
var path = NamedModels.Default.Find(args is [var given] ? given : "mini");
using var model = FaceModel.Load(path, threads: Environment.ProcessorCount, gradients: true);
var verifier = new FaceVerifier(model.Embedder, model.Descriptor.Threshold);

// Two photographs of a person who does not exist, cropped as the model wants them.
var faces = new SyntheticFaces(seed: 1);
FaceImage Crop(int capture)
{
    var photograph = faces.Photograph(person: 0, capture);
    return FaceAligner.Align(photograph.Decode(), photograph.Landmarks, AlignmentKinds.Parse(model.Descriptor.Alignment));
}

using var scope = torch.NewDisposeScope();
var probe = ImageTensors.ToTensor([Crop(0)]);
var reference = model.Embedder.Embed(ImageTensors.ToTensor([Crop(1)]));
using var problem = new AttackProblem(verifier, probe, reference, [AttackGoal.Anonymize], ["person 0"], new AttackSettings());
var result = new MinimalDeepFool().Execute(problem)[0];

Console.WriteLine($"squared distance before {result.DistanceBefore:F3}; the same person below {verifier.Threshold:F3}");
Console.WriteLine(result switch
{
    { AlreadyWrong: true } => $"{model.Descriptor.Name} takes them for two people without any attack",
    { Success: true } => $"distance after {result.DistanceAfter:F3}: no longer the same person, by a change of L2 norm {result.L2:F3}, "
        + $"at most {255 * result.Linf:F1} of 255 levels in a pixel",
    _ => $"not fooled {result.Reason}",
});
