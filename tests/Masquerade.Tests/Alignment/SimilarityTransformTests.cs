using CsCheck;
using Masquerade.Alignment;

namespace Masquerade.Tests.Alignment;

public class SimilarityTransformTests
{
    private static readonly Gen<ImagePoint> Point =
        Gen.Select(Gen.Double[-300, 300], Gen.Double[-300, 300], (x, y) => new ImagePoint(x, y));

    private static readonly Gen<SimilarityTransform> Transform = Gen.Select(Gen.Double[0.05, 20], Gen.Double[-Math.PI, Math.PI], Point,
        (scale, angle, shift) => new SimilarityTransform(scale * Math.Cos(angle), scale * Math.Sin(angle), shift.X, shift.Y));

    private static readonly Gen<ImagePoint[]> Points = Point.Array[2, 8].Where(points => Spread(points) > 1);

    [Fact]
    public void It_is_found_from_points_that_it_moved() => Gen.Select(Points, Transform).Sample((points, truth) =>
    {
        var fit = SimilarityTransform.Fit(points, [.. points.Select(truth.Apply)]);
        return points.All(p => Distance(fit.Apply(p), truth.Apply(p)) < 1e-6) && Math.Abs(fit.Scale - truth.Scale) < 1e-6 * truth.Scale;
    });

    [Fact]
    public void The_inverse_leads_back() => Gen.Select(Point, Transform).Sample((point, transform) =>
        Distance(transform.Inverse().Apply(transform.Apply(point)), point) < 1e-8
        && Distance(transform.Apply(transform.Inverse().Apply(point)), point) < 1e-8);

    [Fact]
    public void No_neighbouring_transform_is_closer() =>
        Gen.Select(Points, Points, Gen.Double[-1, 1].Array[4]).Where((from, to, _) => from.Length == to.Length).Sample((from, to, step) =>
        {
            var fit = SimilarityTransform.Fit(from, to);
            var other = new SimilarityTransform(fit.A + 1e-3 * step[0], fit.B + 1e-3 * step[1], fit.ShiftX + step[2], fit.ShiftY + step[3]);
            return Error(fit) <= Error(other) + 1e-9;

            double Error(SimilarityTransform t) => from.Zip(to, (f, g) => Math.Pow(Distance(t.Apply(f), g), 2)).Sum();
        }, iter: 300);

    [Fact]
    public void A_mirrored_shape_is_rotated_at_best_never_mirrored()
    {
        ImagePoint[] face = [new(0, 0), new(10, 0), new(5, 5), new(2, 9), new(8, 9)];
        var fit = SimilarityTransform.Fit(face, [.. face.Select(p => new ImagePoint(-p.X, p.Y + 0.1 * p.X))]);
        // The determinant of (A −B; B A) cannot be negative; what is left is a poor fit, not an exact mirror image.
        face.Max(p => Distance(fit.Apply(p), new ImagePoint(-p.X, p.Y + 0.1 * p.X))).ShouldBeGreaterThan(1);
    }

    [Fact]
    public void Points_on_a_line_are_enough()
    {
        var fit = SimilarityTransform.Fit([new(1, 1), new(2, 2), new(4, 4)], [new(2, 0), new(4, 0), new(8, 0)]);
        Distance(fit.Apply(new(3, 3)), new(6, 0)).ShouldBeLessThan(1e-9);
    }

    [Theory]
    [InlineData(5, 5)]
    [InlineData(double.NaN, 1)]
    [InlineData(double.PositiveInfinity, 1)]
    [InlineData(1e300, -1e300)]
    public void Points_without_a_spread_or_a_place_are_refused(double x, double y)
    {
        ImagePoint[] template = [new(0, 0), new(10, 0), new(5, 5)];
        ImagePoint[] bad = [new(x, y), new(x, y), new(x, y)];
        Should.Throw<InputException>(() => SimilarityTransform.Fit(bad, template)).Message.ShouldContain("coincide");
        Should.Throw<InputException>(() => SimilarityTransform.Fit(template, bad));
    }

    private static double Distance(ImagePoint p, ImagePoint q) => double.Hypot(p.X - q.X, p.Y - q.Y);

    private static double Spread(ImagePoint[] points) => points.Max(p => Distance(p, points[0]));
}
