using System.Runtime.CompilerServices;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Tests.Datasets.Synthetic;

/// <summary>
/// What every machine has to paint: a committed picture with every third pixel, each way, of photographs that show all the painters do,
/// before they become JPEGs. Where new pixels are wanted, <see cref="SyntheticFaces.Version"/> has to be raised with them.
/// </summary>
public class SyntheticReferenceTests
{
    private const int Step = 3;
    private const int Tile = (SyntheticFaces.Side + Step - 1) / Step;
    private const int Columns = 4;

    // Caps, glasses, beards, every kind of hair, freckles, shadows, blur.
    private static readonly (int Person, int Capture)[] Photographs =
        [(2, 0), (6, 2), (7, 1), (13, 0), (3, 2), (12, 0), (14, 2), (36, 0), (11, 0), (22, 1), (23, 1), (49, 0)];

    [Fact]
    public void On_every_machine_at_most_two_levels_differ_but_on_few_pixels()
    {
        const double few = 0.001;
        var (painted, reference) = (Sheet(), Reference());
        if (File.Exists(reference))
        {
            var expected = ImageFile.Read(reference);
            expected.Size.ShouldBe(painted.Size);
            var differences = new int[painted.Width * painted.Height];
            for (var i = 0; i < painted.Pixels.Length; i++)
                differences[i / 3] = Math.Max(differences[i / 3], Math.Abs(painted.Pixels[i] - expected.Pixels[i]));
            var (different, far) = (differences.Count(d => d > 0), differences.Count(d => d > 2));
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"of {differences.Length} pixels {different} differ, {far} by more than 2 levels; the most by {differences.Max()}");
            if (far <= few * differences.Length) return;
        }
        var received = Path.ChangeExtension(reference, ".received.png");
        ImageFile.WritePng(received, painted);
        Assert.Fail($"{received} differs from {Path.GetFileName(reference)}; if that is wanted, rename it and raise the version");
    }

    private static FaceImage Sheet()
    {
        var faces = new SyntheticFaces(0);
        var (width, height) = (Columns * Tile, Photographs.Length / Columns * Tile);
        var sheet = new byte[3 * width * height];
        for (var i = 0; i < Photographs.Length; i++)
        {
            var photograph = faces.Pixels(Photographs[i].Person, Photographs[i].Capture);
            for (var pixel = 0; pixel < Tile * Tile; pixel++)
            {
                var (x, y) = (pixel % Tile, pixel / Tile);
                var to = (i / Columns * Tile + y) * width + i % Columns * Tile + x;
                photograph.Pixels.AsSpan(3 * Step * (y * photograph.Width + x), 3).CopyTo(sheet.AsSpan(3 * to));
            }
        }
        return new FaceImage(width, height, sheet);
    }

    private static string Reference([CallerFilePath] string test = "") =>
        Path.Combine(Path.GetDirectoryName(test)!, "Snapshots", "photographs.png");
}
