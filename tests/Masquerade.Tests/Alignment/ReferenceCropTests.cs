using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;

namespace Masquerade.Tests.Alignment;

/// <summary>Crops of real photographs against the input pixels of an independent implementation.</summary>
public class ReferenceCropTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_reference_crop_is_met()
    {
        var landmarks = LandmarkFile.Read(Shared.Path("data", "lfw", "landmarks.csv"));
        var cropper = new FaceCropper(AlignmentKind.ArcFace112x112, new ImageSize(112, 112), landmarks, aligned: false);
        var source = new FaceCropSource(new ImageFolder(Shared.Path("data", "lfw", "images")), cropper);
        double worst = 0, all = 0;
        var files = Directory.GetFiles(Shared.Path("reference", "foolbox-v1", "aligned"), "*.png");
        files.Length.ShouldBe(100);
        foreach (var file in files)
        {
            var expected = ImageFile.Read(file);
            var crop = source.Load(Path.GetFileNameWithoutExtension(file));
            crop.Size.ShouldBe(expected.Size);
            var differences = crop.Pixels.Zip(expected.Pixels, (x, y) => x - y).ToArray();
            var difference = differences.Average(Math.Abs);
            difference.ShouldBeLessThanOrEqualTo(1, file);
            // The reference cuts fractions off where protocol 2 rounds: no pixel is lower, none is more than a level higher.
            differences.ShouldAllBe(d => d == 0 || d == 1, file);
            worst = Math.Max(worst, difference);
            all += difference / files.Length;
        }
        output.WriteLine($"mean absolute difference in levels: largest {worst}, mean {all}");
    }
}
