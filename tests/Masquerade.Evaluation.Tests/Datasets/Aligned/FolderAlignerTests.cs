using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets.Aligned;
using Masquerade.Imaging;
using Noise = Masquerade.Testing.Noise;

namespace Masquerade.Evaluation.Tests.Datasets.Aligned;

public sealed class FolderAlignerTests : IDisposable
{
    private static readonly FiveLandmarks Marks = new(new(30, 40), new(60, 41), new(45, 55), new(33, 70), new(58, 71));
    private static readonly DetectedFace Main = new(new FaceBox(20.25, 20, 70, 80.5), 0.987654, Marks);
    private static readonly DetectedFace Other = new(new FaceBox(0, 0, 20, 20), 0.99, Marks);

    private static CancellationToken Ongoing => TestContext.Current.CancellationToken;

    private readonly TemporaryFolder _folder = new();
    private readonly ListedDetector _detector = new(size => size.Width switch
    {
        90 => [Main],
        91 => [Other, Main],
        _ => [],
    });

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Crops_have_the_shape_of_the_photographs_folder_and_the_lists_say_what_became_of_each()
    {
        Photographs();
        var summary = Aligner().Write(_folder["out"], cancellation: Ongoing);
        (summary.Photographs, summary.Kept, summary.Aligned, summary.Crops).ShouldBe((6, 0, 3, 3));
        summary.LeftOut.ShouldBe(
        [
            new("broken.jpg", "is not a JPEG, PNG, WebP or BMP image, or its header is damaged"),
            new("deep/er/nobody.jpeg", "no face is found in it; leave it out, give its landmarks, or take its middle with --fallback center"),
            new("empty.png", "the file is empty; copy it again"),
        ]);
        Files().ShouldBe(["Ann/1.png", "Bob/1.png", "align.json", "b, c.png", "faces.csv", "left-out.csv"]);
        Crop("Ann/1.png").ShouldBe(FaceAligner.Align(Photo("photos/Ann/1.png").View, new LocatedFace(Marks, Main.Box), AlignmentKind.FaceNet160x160).Pixels);
        File.ReadAllText(_folder["out/faces.csv"]).ShouldBe("""
            image,crop,face,faces,box_left,box_top,box_right,box_bottom,probability,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,mouth_left_x,mouth_left_y,mouth_right_x,mouth_right_y
            Ann/1.png,Ann/1.png,1,1,20.250,20.000,70.000,80.500,0.98765,30.000,40.000,60.000,41.000,45.000,55.000,33.000,70.000,58.000,71.000
            Bob/1.png,Bob/1.png,1,1,20.250,20.000,70.000,80.500,0.98765,30.000,40.000,60.000,41.000,45.000,55.000,33.000,70.000,58.000,71.000
            "b, c.png","b, c.png",1,1,20.250,20.000,70.000,80.500,0.98765,30.000,40.000,60.000,41.000,45.000,55.000,33.000,70.000,58.000,71.000

            """.ReplaceLineEndings("\n"));
        File.ReadAllText(_folder["out/left-out.csv"]).ShouldBe("""
            image,reason
            broken.jpg,"is not a JPEG, PNG, WebP or BMP image, or its header is damaged"
            deep/er/nobody.jpeg,"no face is found in it; leave it out, give its landmarks, or take its middle with --fallback center"
            empty.png,the file is empty; copy it again

            """.ReplaceLineEndings("\n"));

        var table = LandmarkFile.Read(_folder["out/faces.csv"]);
        table.Find(_folder["photos/Bob/1.png"])!.Box.ShouldBe(Main.Box);
        new FolderAligner(_folder["photos"], AlignmentKind.FaceNet160x160, table).Write(_folder["again"], cancellation: Ongoing).Aligned.ShouldBe(3);
        File.ReadAllBytes(_folder["again/Bob/1.png"]).ShouldBe(File.ReadAllBytes(_folder["out/Bob/1.png"]));
    }

    [Fact]
    public void Every_face_is_cut_out_where_that_is_asked_for_and_the_middle_where_there_is_none()
    {
        Photographs();
        var summary = new FolderAligner(_folder["photos"], AlignmentKind.ArcFace112x112, _detector, "listed")
        {
            AllFaces = true,
            Fallback = FaceFallback.Center,
        }.Write(_folder["out"], cancellation: Ongoing);
        (summary.Aligned, summary.Crops, summary.LeftOut.Count).ShouldBe((4, 5, 2));
        Files().ShouldBe(["Ann/1.png", "Bob/1.face2.png", "Bob/1.png", "align.json", "b, c.png", "deep/er/nobody.png", "faces.csv", "left-out.csv"]);
        Crop("deep/er/nobody.png").ShouldBe(FaceAligner.Middle(Photo("photos/deep/er/nobody.jpeg").View, new(112, 112)).Pixels);
        File.ReadLines(_folder["out/faces.csv"]).ShouldContain("deep/er/nobody.jpeg,deep/er/nobody.png,1,1,,,,,,,,,,,,,,,");
        // Of several faces the first is the one that the photograph is of.
        var table = LandmarkFile.Read(_folder["out/faces.csv"]);
        table.Count.ShouldBe(3);
        table.Find("Bob/1.png")!.Box.ShouldBe(Main.Box);
    }

    [Fact]
    public void What_was_interrupted_is_gone_on_with_and_comes_out_the_same()
    {
        for (var i = 0; i < 100; i++) Write($"photos/{i:D3}.png", i % 3 == 0 ? 80 : 90);
        Aligner().Write(_folder["whole"], cancellation: Ongoing);
        using var stop = new CancellationTokenSource();
        Should.Throw<OperationCanceledException>(() => Aligner().Write(_folder["out"], 1, (done, _) => StopAt(done), stop.Token));
        var listed = File.ReadAllLines(_folder["out/faces.csv"]).Length + File.ReadAllLines(_folder["out/left-out.csv"]).Length - 2;
        listed.ShouldBe(50);
        // As a process that was killed leaves it: a line cut short, a crop half-written.
        File.AppendAllText(_folder["out/faces.csv"], "049.png,049.png,20.2");
        File.WriteAllText(_folder["out/049.png.0123456789abcdef0123456789abcdef.tmp"], "half");
        var before = _detector.Calls;
        var summary = Aligner().Write(_folder["out"], threads: 2, cancellation: Ongoing);
        // What was left out is tried again.
        (summary.Kept, _detector.Calls - before).ShouldBe((33, 67));
        (summary.Aligned, summary.LeftOut.Count).ShouldBe((66, 34));
        File.ReadAllLines(_folder["out/faces.csv"]).Order().ShouldBe(File.ReadAllLines(_folder["whole/faces.csv"]).Order());
        File.ReadAllLines(_folder["out/left-out.csv"]).Order().ShouldBe(File.ReadAllLines(_folder["whole/left-out.csv"]).Order());
        foreach (var file in Directory.GetFiles(_folder["whole"], "*.png"))
            File.ReadAllBytes(_folder[$"out/{Path.GetFileName(file)}"]).ShouldBe(File.ReadAllBytes(file));

        void StopAt(int done)
        {
            if (done == 50) stop.Cancel();
        }
    }

    [Fact]
    public void A_photograph_of_which_some_faces_are_listed_is_done_anew()
    {
        Write("photos/a.png", 90);
        Write("photos/b.png", 91);
        new FolderAligner(_folder["photos"], AlignmentKind.ArcFace112x112, _detector, "listed") { AllFaces = true }
            .Write(_folder["out"], cancellation: Ongoing);
        var whole = File.ReadAllText(_folder["out/faces.csv"]);
        var lines = whole.Split('\n');
        lines.Length.ShouldBe(5);
        File.WriteAllText(_folder["out/faces.csv"], string.Join('\n', lines[..3]) + "\n" + lines[3][..20]);
        var summary = new FolderAligner(_folder["photos"], AlignmentKind.ArcFace112x112, _detector, "listed") { AllFaces = true }
            .Write(_folder["out"], cancellation: Ongoing);
        (summary.Kept, summary.Crops).ShouldBe((1, 2));
        File.ReadAllText(_folder["out/faces.csv"]).ShouldBe(whole);
    }

    [Fact]
    public void Nothing_is_done_twice_and_new_photographs_are_added()
    {
        Photographs();
        Aligner().Write(_folder["out"], cancellation: Ongoing);
        var calls = _detector.Calls;
        Write("photos/Cid/1.png", 90);
        var summary = Aligner().Write(_folder["out"], cancellation: Ongoing);
        (summary.Photographs, summary.Kept, summary.Aligned, summary.LeftOut.Count).ShouldBe((7, 3, 4, 3));
        // The new one, and the one in which nobody was found.
        (_detector.Calls - calls).ShouldBe(2);
        File.Copy(_folder["photos/Ann/1.png"], _folder["photos/empty.png"], overwrite: true);
        Aligner().Write(_folder["out"], cancellation: Ongoing).Aligned.ShouldBe(5);
        File.ReadAllText(_folder["out/left-out.csv"]).ShouldNotContain("empty.png");
        Refusal(() => Aligner(strict: true).Write(_folder["out"], cancellation: Ongoing)).ShouldContain("photos/broken.jpg: is not a JPEG");
        LandmarkFile.Read(_folder["out/faces.csv"]).Count.ShouldBe(5);
    }

    [Fact]
    public void What_cannot_be_is_one_line_and_nothing_is_written()
    {
        Directory.CreateDirectory(_folder["photos"]);
        _folder.Write("photos/notes.txt", "no photograph");
        Refusal(() => Aligner().Write(_folder["out"], cancellation: Ongoing)).ShouldEndWith("photos: has no photographs (.jpg, .jpeg, .png, .webp, .bmp)");
        Refusal(() => new FolderAligner(_folder["nowhere"], AlignmentKind.FaceNet160x160, _detector, "listed").Write(_folder["out"], cancellation: Ongoing))
            .ShouldContain("no such folder");
        Refusal(() => new FolderAligner(_folder["photos"], AlignmentKind.None, _detector, "listed")).ShouldContain("none makes no crops");
        Photographs();
        Refusal(() => Aligner().Write(_folder["photos/out"], cancellation: Ongoing)).ShouldContain("lies within the photographs' folder");
        Refusal(() => Aligner().Write(_folder["photos"], cancellation: Ongoing)).ShouldContain("lies within the photographs' folder");
        Refusal(() => new FolderAligner(_folder["photos"] + "/", AlignmentKind.FaceNet160x160, _detector, "listed")
            .Write(_folder["photos/out"], cancellation: Ongoing)).ShouldContain("lies within the photographs' folder");
        Refusal(() => Aligner(strict: true).Write(_folder["strict"], cancellation: Ongoing)).ShouldContain("photos/broken.jpg: is not a JPEG");
        Write("photos/Ann/1.bmp.png", 90);
        Write("photos/Ann/1.PNG", 90);
        Refusal(() => Aligner().Write(_folder["out"], cancellation: Ongoing)).ShouldContain("1.PNG and Ann/1.png would have one crop; rename one of them");
        Directory.Exists(_folder["out"]).ShouldBeFalse();
    }

    [Fact]
    public void One_line_of_landmarks_is_not_used_for_two_photographs()
    {
        Write("photos/a/1.png", 90);
        Write("photos/b/1.png", 90);
        var table = LandmarkFile.Read(_folder.Write("landmarks.csv", "image,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,"
            + "mouth_left_x,mouth_left_y,mouth_right_x,mouth_right_y\n1.png,30,40,60,41,45,55,33,70,58,71\n"));
        Refusal(() => new FolderAligner(_folder["photos"], AlignmentKind.ArcFace112x112, table).Write(_folder["out"], cancellation: Ongoing))
            .ShouldEndWith("landmarks.csv: has one line for a/1.png and for b/1.png; list them with their folders");
        Directory.Exists(_folder["out"]).ShouldBeFalse();
    }

    [Fact]
    public void A_folder_with_something_else_in_it_is_refused()
    {
        Photographs();
        _folder.Write("out/precious.txt", "mine");
        Refusal(() => Aligner().Write(_folder["out"], cancellation: Ongoing)).ShouldContain("is not empty (precious.txt); name a new or an empty folder");
        Aligner().Write(_folder["done"], cancellation: Ongoing);
        Refusal(() => new FolderAligner(_folder["photos"], AlignmentKind.ArcFace112x96, _detector, "listed").Write(_folder["done"], cancellation: Ongoing))
            .ShouldContain("holds crops that were made as facenet-160x160; give the same to go on with them");
        Refusal(() => new FolderAligner(_folder["photos"], AlignmentKind.FaceNet160x160, _detector, "another").Write(_folder["done"], cancellation: Ongoing))
            .ShouldContain("with another detector");
        File.WriteAllText(_folder["done/faces.csv"], "image,crop\n");
        Refusal(() => Aligner().Write(_folder["done"], cancellation: Ongoing)).ShouldContain("faces.csv: is not what was written there");
    }

    private FolderAligner Aligner(bool strict = false) =>
        new(_folder["photos"], AlignmentKind.FaceNet160x160, _detector, "listed") { Strict = strict };

    private void Photographs()
    {
        Write("photos/Ann/1.png", 90);
        Write("photos/Bob/1.png", 91);
        Write("photos/b, c.png", 90);
        Write("photos/deep/er/nobody.jpeg", 80);
        Write("photos/.hidden/1.png", 90);
        _folder.Write("photos/broken.jpg", "not an image");
        _folder.Write("photos/empty.png", "");
        _folder.Write("photos/readme.txt", "not for us");
    }

    private void Write(string name, int width) => _folder.Write(name, ImageFile.EncodePng(Noise.Image(width, 100, name.Length)));

    private FaceImage Photo(string name) => ImageFile.Read(_folder[name]);

    private byte[] Crop(string name) => Photo($"out/{name}").Pixels;

    private string[] Files() => [.. Directory.GetFiles(_folder["out"], "*", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(_folder["out"], f)).Order(StringComparer.Ordinal)];

    private static string Refusal(Action action)
    {
        var message = Should.Throw<InputException>(action).Message;
        message.ShouldNotContain("\n");
        return message;
    }
}
