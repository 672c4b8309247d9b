using Masquerade.Alignment;
using Masquerade.Imaging;
using Masquerade.Networks.Checkpoints;
using static TorchSharp.torch;

namespace Masquerade.Tests.Alignment.Mtcnn;

public sealed class MtcnnDetectorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_bright_square_is_a_face_where_only_bright_squares_are()
    {
        using var detector = MtcnnDetector.Load(MadeUpMtcnn.Write(_folder["weights"]));
        var face = FaceChoice.Main(detector.Detect(Square(200, 160, 70, 50, 60)), new ImageSize(200, 160));
        face.Probability.ShouldBeGreaterThan(0.7);
        face.Box.Centre.X.ShouldBe(100, 20);
        face.Box.Centre.Y.ShouldBe(80, 20);
        var window = face.Box;
        for (var i = 0; i < 5; i++)
        {
            face.Landmarks.Points[i].X.ShouldBe(window.Left - 1 + MadeUpMtcnn.Places[i] * (window.Width + 1), 1e-3);
            face.Landmarks.Points[i].Y.ShouldBe(window.Top - 1 + MadeUpMtcnn.Places[5 + i] * (window.Height + 1), 1e-3);
        }
        detector.Detect(Square(200, 160, 0, 0, 0)).ShouldBeEmpty();
    }

    [Fact]
    public void Nothing_is_found_in_a_photograph_smaller_than_a_face()
    {
        using var detector = MtcnnDetector.Load(MadeUpMtcnn.Write(_folder["weights"]));
        detector.Detect(Square(19, 19, 0, 0, 19)).ShouldBeEmpty();
        detector.Detect(Square(1, 1, 0, 0, 1)).ShouldBeEmpty();
        detector.Detect(Square(2000, 3, 0, 0, 3)).ShouldBeEmpty();
    }

    [Fact]
    public void Large_photographs_are_looked_at_smaller_and_answered_in_their_own_pixels()
    {
        var weights = MadeUpMtcnn.Write(_folder["weights"]);
        using var usual = MtcnnDetector.Load(weights);
        using var reduced = MtcnnDetector.Load(weights, new MtcnnOptions { LongestSide = 200 });
        var small = usual.Detect(Square(200, 160, 70, 50, 60));
        var large = reduced.Detect(Square(600, 480, 210, 150, 180));
        large.Count.ShouldBe(small.Count);
        large[0].Box.Left.ShouldBe(3 * small[0].Box.Left, 1e-9);
        large[0].Landmarks.RightMouth.Y.ShouldBe(3 * small[0].Landmarks.RightMouth.Y, 1e-9);
    }

    [Fact]
    public void Threads_share_a_detector()
    {
        using var detector = MtcnnDetector.Load(MadeUpMtcnn.Write(_folder["weights"]));
        FaceImage[] photos = [.. Enumerable.Range(0, 8).Select(i => Square(120 + i, 110, 10 * i, 20, 50))];
        var alone = photos.Select(p => detector.Detect(p)).ToArray();
        var together = new IReadOnlyList<DetectedFace>[photos.Length];
        Parallel.For(0, photos.Length, i => together[i] = detector.Detect(photos[i]));
        for (var i = 0; i < photos.Length; i++) together[i].ShouldBe(alone[i]);
    }

    [Fact]
    public void What_is_wrong_with_weights_is_one_line()
    {
        Refusal(_folder["none"]).ShouldEndWith("none: no such folder; name the folder of MTCNN's weights");
        Directory.CreateDirectory(_folder["empty"]);
        Refusal(_folder["empty"]).ShouldEndWith(
            "empty: has no weights of MTCNN, neither pnet.pt, rnet.pt, onet.pt nor det1.npy, det2.npy, det3.npy");
        var weights = MadeUpMtcnn.Write(_folder["weights"]);
        Refusal(Path.Combine(weights, "pnet.pt")).ShouldEndWith("pnet.pt: is a file; name the folder of MTCNN's weights");
        File.Copy(Path.Combine(weights, "pnet.pt"), Path.Combine(weights, "rnet.pt"), overwrite: true);
        Refusal(weights).ShouldContain("rnet.pt: not the weights of this MTCNN network: 'conv1.weight' is Float32 [10, 3, 3, 3] instead of");
        File.Delete(Path.Combine(weights, "rnet.pt"));
        Refusal(weights).ShouldEndWith("rnet.pt: no such file, but the others of pnet.pt, rnet.pt, onet.pt are there; add it");
        File.WriteAllText(Path.Combine(weights, "rnet.pt"), "not weights");
        Refusal(weights).ShouldContain("rnet.pt: not a checkpoint");
    }

    [Theory]
    [InlineData("conv1.weight", float.NaN, "pnet.pt: not the weights of this MTCNN network: 'conv1.weight' has values that are not finite")]
    [InlineData("conv9.weight", 0, "pnet.pt: not the weights of this MTCNN network: 'conv9.weight' is not part of the network")]
    public void Weights_that_no_network_has_are_refused(string name, float value, string message)
    {
        using var scope = NewDisposeScope();
        var weights = MadeUpMtcnn.Write(_folder["weights"]);
        var file = Path.Combine(weights, "pnet.pt");
        var tensors = CheckpointReader.Read(file).ToDictionary(t => t.Key, t => t.Value.ToTensor());
        tensors[name] = tensors.TryGetValue(name, out var known) ? tensor(Enumerable.Repeat(value, (int)known.numel()).ToArray(), known.shape)
            : tensor([value]);
        SafetensorsWriter.Write(file, tensors);
        Refusal(weights).ShouldContain(message);
    }

    private string Refusal(string folder)
    {
        var message = Should.Throw<InputException>(() => MtcnnDetector.Load(folder)).Message;
        message.ShouldNotContain("\n");
        return message;
    }

    private static FaceImage Square(int width, int height, int left, int top, int side)
    {
        var pixels = new byte[3 * width * height];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (x, y) = (i / 3 % width, i / 3 / width);
            if (x >= left && x < left + side && y >= top && y < top + side) pixels[i] = 255;
        }
        return new FaceImage(width, height, pixels);
    }
}
