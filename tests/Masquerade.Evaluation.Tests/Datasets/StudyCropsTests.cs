using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Tests.Datasets;

/// <summary>The 199 photographs of the 2019 study's pairs, made into probes as it did: how near that comes.</summary>
public sealed class StudyCropsTests
{
    [Fact]
    public void They_reach_from_end_to_end_of_the_study_s_range_and_rounding_moves_them_by_a_third()
    {
        using var locator = new DetectorLocator(MtcnnDetector.Load(Shared.Path("models", "mtcnn")));
        var cropper = new FaceCropper(AlignmentKind.FaceNet160x160, new ImageSize(160, 160), locator, aligned: false);
        var folder = new ImageFolder(Shared.Path("data", "lfw", "images"));
        var (plain, made) = (new FaceCropSource(folder, cropper), new FaceCropSource(folder, cropper, Preprocessing.Study2019));
        var photographs = PairListReader.Read(Shared.Path("data", "lfw", "seed-pairs.csv")).Pairs
            .SelectMany(p => new[] { p.Probe, p.Reference }).Distinct(StringComparer.Ordinal).ToList();
        photographs.Count.ShouldBe(199);

        var crops = new (double Least, double Greatest, double Norm, int Clipped)[photographs.Count];
        Parallel.For(0, crops.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
        {
            var crop = plain.Load(photographs[i]).Pixels;
            var probe = made.Load(photographs[i]).Pixels;
            var mean = crop.Average(p => (double)p);
            var std = Math.Sqrt(crop.Average(p => (p - mean) * (p - mean)));
            double[] values = [.. crop.Select(p => (p - mean) / std)];
            var moved = Math.Sqrt(probe.Select((p, at) => Math.Pow(p / 255.0 - (values[at] + 3.1855) / 7.7, 2)).Sum());
            crops[i] = (values.Min(), values.Max(), moved, values.Count(v => v is < -3.1855 or > 4.5145));
        });
        // The study's ends, −3.1855 and 4.5145, were those of its own crops of these photographs.
        crops.Min(c => c.Least).ShouldBe(-3.1855, 0.3);
        crops.Max(c => c.Greatest).ShouldBe(4.5145, 0.1);
        crops.Sum(c => c.Clipped).ShouldBeLessThan(50);
        crops.ShouldAllBe(c => c.Norm > 0.28 && c.Norm < 0.33);
    }
}
