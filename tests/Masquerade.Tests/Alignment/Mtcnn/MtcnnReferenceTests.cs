using System.Text.Json;
using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;

namespace Masquerade.Tests.Alignment.Mtcnn;

/// <summary>What facenet-pytorch finds with the same weights in the photographs of the study's pairs.</summary>
public sealed class MtcnnReferenceTests(ITestOutputHelper output)
{
    private const double Sure = 0.95;
    private static readonly JsonSerializerOptions CamelCase = new(JsonSerializerDefaults.Web);

    [Fact]
    public void Every_sure_face_is_found_where_facenet_pytorch_finds_it()
    {
        using var detector = MtcnnDetector.Load(Shared.Path("models", "mtcnn"));
        var folder = new ImageFolder(Shared.Path("data", "lfw", "images"));
        var (corners, points) = (new List<double>(), new List<double>());
        var (sure, found, extra) = (0, 0, 0);
        foreach (var expected in References())
        {
            if (folder.Find(expected.Image) is not { } path) continue;
            var faces = detector.Detect(ImageFile.Read(path));
            var known = expected.Faces().ToList();
            foreach (var face in known.Where(f => f.Probability > Sure))
            {
                sure++;
                var match = faces.MinBy(f => Corner(f.Box, face.Box));
                if (match is null || Corner(match.Box, face.Box) > 10) continue;
                found++;
                corners.Add(Corner(match.Box, face.Box));
                points.Add(Point(match.Landmarks, face.Landmarks));
            }
            extra += faces.Count(f => f.Probability > Sure && known.All(k => Corner(f.Box, k.Box) > 10));
        }
        output.WriteLine($"{sure} sure faces, {found} found, {extra} extra; corners: mean {corners.Average():F4}, most {corners.Max():F3}; "
            + $"landmarks: mean {points.Average():F4}, most {points.Max():F3}");
        sure.ShouldBeGreaterThan(190);
        found.ShouldBe(sure);
        extra.ShouldBeLessThanOrEqualTo((int)(0.02 * sure));
        corners.Count(c => c <= 2).ShouldBeGreaterThanOrEqualTo((int)Math.Ceiling(0.97 * sure));
        points.Count(p => p <= 1.5).ShouldBeGreaterThanOrEqualTo((int)Math.Ceiling(0.97 * sure));
        corners.Average().ShouldBeLessThan(0.5);
        points.Average().ShouldBeLessThan(0.5);
    }

    [Fact]
    public void Both_publications_of_the_weights_find_the_same()
    {
        var names = Shared.Path("models", "mtcnn");
        using var one = new TemporaryFolder();
        foreach (var name in (string[])["det1.npy", "det2.npy", "det3.npy"]) File.Copy(Path.Combine(names, name), one[name]);
        using var npy = MtcnnDetector.Load(one.Root);
        using var pt = MtcnnDetector.Load(names);
        MtcnnDetector.WeightFiles(names).Select(Path.GetFileName).ShouldBe(["pnet.pt", "rnet.pt", "onet.pt"]);
        MtcnnDetector.WeightFiles(one.Root).Select(Path.GetFileName).ShouldBe(["det1.npy", "det2.npy", "det3.npy"]);
        var photo = ImageFile.Read(Shared.Path("data", "lfw", "images", "Aishwarya_Rai", "Aishwarya_Rai_0001.jpg"));
        var faces = pt.Detect(photo);
        faces.Count.ShouldBe(2);
        npy.Detect(photo).ShouldBe(faces);
    }

    private static double Corner(FaceBox a, FaceBox b) => new[]
    {
        Math.Abs(a.Left - b.Left), Math.Abs(a.Top - b.Top), Math.Abs(a.Right - b.Right), Math.Abs(a.Bottom - b.Bottom),
    }.Max();

    private static double Point(FiveLandmarks a, FiveLandmarks b) =>
        a.Points.Zip(b.Points, (p, q) => double.Hypot(p.X - q.X, p.Y - q.Y)).Max();

    private static Reference[] References() => JsonSerializer.Deserialize<Reference[]>(
        File.ReadAllText(Shared.Path("reference", "mtcnn", "facenet-pytorch-detections.json")), CamelCase)!;

    private sealed record Reference(string Image, double[][] Boxes, double[] Probabilities, double[][][] Landmarks)
    {
        public IEnumerable<DetectedFace> Faces() => Boxes.Select((box, i) => new DetectedFace(
            new FaceBox(box[0], box[1], box[2], box[3]), Probabilities[i],
            new FiveLandmarks(At(i, 0), At(i, 1), At(i, 2), At(i, 3), At(i, 4))));

        private ImagePoint At(int face, int point) => new(Landmarks[face][point][0], Landmarks[face][point][1]);
    }
}
