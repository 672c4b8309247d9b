using CsCheck;
using Masquerade.Verification;

namespace Masquerade.Tests.Verification;

public sealed class RocCurveTests
{
    private static readonly Gen<ScoredPair[]> BothKinds = Scored.Any.Array[1, 60]
        .Select(pairs => Scored.Pairs([.. pairs, (0.7, true), (1.3, false)]));

    [Fact]
    public void The_area_is_the_share_of_ordered_pairs_of_pairs_with_ties_counted_half() => BothKinds.Sample(pairs =>
    {
        var (same, different) = Kinds(pairs);
        var closer = same.Sum(s => different.Sum(d => s < d ? 1 : s == d ? 0.5 : 0));
        RocCurve.Of(pairs).Auc.ShouldBe(closer / (same.Length * different.Length), 1e-12);
    }, iter: 300);

    [Fact]
    public void Each_point_is_what_its_distance_accepts() => BothKinds.Sample(pairs =>
    {
        var (same, different) = Kinds(pairs);
        var points = RocCurve.Of(pairs).Points;
        points[0].ShouldBe(new RocPoint(double.NegativeInfinity, 0, 0));
        points.Skip(1).Select(p => p.Distance).ShouldBe(same.Concat(different).Distinct().Order());
        foreach (var point in points)
        {
            point.Tar.ShouldBe(same.Count(d => d <= point.Distance) / (double)same.Length);
            point.Far.ShouldBe(different.Count(d => d <= point.Distance) / (double)different.Length);
        }
    }, iter: 300);

    [Fact]
    public void The_equal_error_rate_lies_on_the_polyline_where_both_errors_are_equal() => BothKinds.Sample(pairs =>
    {
        var curve = RocCurve.Of(pairs);
        // Bisection along the polyline: FAR + TAR grows from 0 to 2 along it.
        var (low, high) = (0.0, curve.Points.Count - 1.0);
        for (var i = 0; i < 100; i++)
        {
            var middle = (low + high) / 2;
            var (far, tar) = At(curve, middle);
            if (far + tar < 1) low = middle;
            else high = middle;
        }
        curve.Eer.ShouldBe(At(curve, high).Far, 1e-9);
    }, iter: 300);

    [Fact]
    public void Known_curves()
    {
        var parted = RocCurve.Of(Scored.Pairs([(0.1, true), (0.2, true), (3, false)]));
        (parted.Auc, parted.Eer).ShouldBe((1, 0));
        var inverted = RocCurve.Of(Scored.Pairs([(3, true), (0.2, false), (0.1, false)]));
        (inverted.Auc, inverted.Eer).ShouldBe((0, 1));
        var tied = RocCurve.Of(Scored.Pairs([(1, true), (1, false), (1, false)]));
        (tied.Auc, tied.Eer).ShouldBe((0.5, 0.5));
        // One of four same-person pairs lies beyond one of four others: (0, ¾), (¼, ¾), (¼, 1).
        var crossed = RocCurve.Of(Scored.Pairs(
            [(1, true), (1.1, true), (1.2, true), (2.5, true), (2, false), (2.6, false), (2.7, false), (2.8, false)]));
        (crossed.Auc, crossed.Eer).ShouldBe((1 - 1 / 16.0, 0.25));
        // From (0, ½) straight to (½, 1): the errors meet at ¼, between two points.
        var between = RocCurve.Of(Scored.Pairs([(1, true), (2, true), (2, false), (3, false)]));
        (between.Auc, between.Eer).ShouldBe((0.875, 0.25));
    }

    [Fact]
    public void One_kind_of_pairs_has_no_curve()
    {
        Should.Throw<InputException>(() => RocCurve.Of([])).Message.ShouldContain("0 same-person and 0 different-person");
        Should.Throw<InputException>(() => RocCurve.Of([Scored.Pair(1, true)])).Message.ShouldContain("1 same-person and 0 different");
        Should.Throw<InputException>(() => RocCurve.Of([Scored.Pair(1, false)])).Message.ShouldContain("needs both kinds");
    }

    private static (double Far, double Tar) At(RocCurve curve, double position)
    {
        var segment = Math.Min((int)position, curve.Points.Count - 2);
        var (from, to, share) = (curve.Points[segment], curve.Points[segment + 1], position - segment);
        return (from.Far + share * (to.Far - from.Far), from.Tar + share * (to.Tar - from.Tar));
    }

    private static (double[] Same, double[] Different) Kinds(ScoredPair[] pairs) =>
        (Distances(pairs, same: true), Distances(pairs, same: false));

    private static double[] Distances(ScoredPair[] pairs, bool same) =>
        [.. pairs.Where(p => p.Pair.SamePerson == same).Select(p => p.Distance)];
}
