using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;

namespace Masquerade.Tests.Alignment;

public sealed class FaceCropperTests : IDisposable
{
    private const string Header =
        "image,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,mouth_left_x,mouth_left_y,mouth_right_x,mouth_right_y\n";
    private const string InPlace = ",38.2946,51.6963,73.5318,51.5014,56.0252,71.7366,41.5493,92.3655,70.7299,92.2041\n";

    private static readonly ImageSize Arc = new(112, 112);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_photograph_is_aligned_by_the_landmarks_under_its_file_name()
    {
        var photo = Photo("Ann/Ann_0001.png", 112, 112);
        var crops = Source(AlignmentKind.ArcFace112x112, Arc, "Ann_0001.png" + InPlace);
        crops.Load("Ann_0001").Pixels.ShouldBe(photo.Pixels);
        crops.Load("Ann/Ann_0001.png").Pixels.ShouldBe(photo.Pixels);
    }

    [Fact]
    public void Landmarks_under_the_lists_own_name_come_first()
    {
        Photo("Ann/Ann_0001.png", 112, 112);
        var moved = "Ann_0001.png,8.2946,51.6963,43.5318,51.5014,26.0252,71.7366,11.5493,92.3655,40.7299,92.2041\n";
        var crops = Source(AlignmentKind.ArcFace112x112, Arc, moved + "Ann/Ann_0001.png" + InPlace);
        crops.Load("Ann/Ann_0001.png").Pixels.ShouldBe(ImageFile.Read(_folder["Ann/Ann_0001.png"]).Pixels);
        crops.Load("Ann_0001.png").Pixels.ShouldNotBe(ImageFile.Read(_folder["Ann/Ann_0001.png"]).Pixels);
    }

    [Fact]
    public void Crops_are_taken_as_they_are_where_they_have_the_models_size()
    {
        var photo = Photo("a.png", 160, 160);
        Photo("b.png", 250, 250);
        foreach (var (kind, aligned) in ((AlignmentKind, bool)[])[(AlignmentKind.FaceNet160x160, true), (AlignmentKind.None, false)])
        {
            var cropper = new FaceCropper(kind, new(160, 160), null, aligned);
            var crops = new FaceCropSource(new ImageFolder(_folder.Root), cropper);
            crops.Load("a.png").Pixels.ShouldBe(photo.Pixels);
            Refusal(() => crops.Load("b.png")).ShouldContain("b.png: is 250x250, but the model takes crops of 160x160");
        }
    }

    [Fact]
    public void What_a_photograph_lacks_is_named()
    {
        Photo("a.png", 20, 20);
        Photo("b.png", 20, 20);
        _folder.Write("text.jpg", "not a photograph");
        var crops = Source(AlignmentKind.ArcFace112x112, Arc, "b.png,5,5,5,5,5,5,5,5,5,5\ntext.jpg" + InPlace);
        Refusal(() => crops.Load("missing.png")).ShouldContain("the photograph missing.png is not in");
        Refusal(() => crops.Load("a.png")).ShouldContain("has no landmarks of it; add a line for a.png");
        Refusal(() => crops.Load("b.png")).ShouldContain("b.png: the landmarks around (5, 5) coincide");
        Refusal(() => crops.Load("text.jpg")).ShouldContain("text.jpg: is not a JPEG");
        Refusal(() => crops.Load("../a.png")).ShouldContain("leads out");
    }

    [Fact]
    public void What_cannot_work_is_refused_at_once()
    {
        Refusal(() => new FaceCropper(AlignmentKind.ArcFace112x112, Arc, null, aligned: false))
            .ShouldContain("needs landmarks: give --landmarks FILE, or --aligned");
        Refusal(() => new FaceCropper(AlignmentKind.FaceNet160x160, new(160, 160), null, aligned: false)).ShouldContain("--aligned");
        Refusal(() => Source(AlignmentKind.ArcFace112x96, Arc, "a.png" + InPlace))
            .ShouldContain("the model takes 112x112 pixels, but its alignment arcface-112x96 makes 96x112");
    }

    [Fact]
    public void One_line_of_landmarks_is_not_used_for_two_photographs()
    {
        Photo("a/1.png", 20, 20);
        Photo("b/1.png", 20, 20);
        var crops = Source(AlignmentKind.ArcFace112x112, Arc, "1.png" + InPlace);
        crops.Load("a/1.png").Size.ShouldBe(Arc);
        crops.Load("a/1").Size.ShouldBe(Arc);
        Refusal(() => crops.Load("b/1.png")).ShouldContain("list them with their folders");
    }

    [Fact]
    public void A_detector_s_choice_is_cut_out_and_where_it_finds_nobody_the_fallback_decides()
    {
        var photo = Photo("a.png", 200, 180);
        Photo("nobody.png", 100, 120);
        var landmarks = new FiveLandmarks(new(80, 70), new(120, 72), new(100, 95), new(84, 115), new(118, 116));
        var main = new DetectedFace(new FaceBox(60, 40, 140, 140), 0.9, landmarks);
        using var detector = new ListedDetector(size => size.Width == 200
            ? [new DetectedFace(new FaceBox(0, 0, 90, 100), 0.99, landmarks), main]
            : []);
        var folder = new ImageFolder(_folder.Root);
        FaceCropSource Crops(FaceFallback fallback) => new(folder,
            new FaceCropper(AlignmentKind.FaceNet160x160, new(160, 160), new DetectorLocator(detector, fallback), aligned: false));
        var crops = Crops(FaceFallback.None);
        var expected = FaceAligner.Align(photo.View, new LocatedFace(landmarks, main.Box), AlignmentKind.FaceNet160x160).Pixels;
        crops.Load("a.png").Pixels.ShouldBe(expected);
        crops.Load("a.png").Pixels.ShouldBe(expected);
        Refusal(() => crops.Load("nobody.png")).ShouldContain("nobody.png: no face is found in it");
        Refusal(() => crops.Load("nobody.png")).ShouldContain("--fallback center");
        detector.Calls.ShouldBe(2);
        Crops(FaceFallback.Center).Load("nobody.png").Pixels
            .ShouldBe(FaceAligner.Middle(ImageFile.Read(_folder["nobody.png"]).View, new(160, 160)).Pixels);
    }

    private FaceImage Photo(string name, int width, int height)
    {
        var pixels = new byte[3 * width * height];
        new Random(width).NextBytes(pixels);
        var photo = new FaceImage(width, height, pixels);
        _folder.Write(name, ImageFile.EncodePng(photo));
        return photo;
    }

    private FaceCropSource Source(AlignmentKind kind, ImageSize size, string landmarks) => new(new ImageFolder(_folder.Root),
        new FaceCropper(kind, size, LandmarkFile.Read(_folder.Write("landmarks.csv", Header + landmarks)), aligned: false));

    private static string Refusal(Action action)
    {
        var message = Should.Throw<InputException>(action).Message;
        message.ShouldNotContain("\n");
        return message;
    }
}
