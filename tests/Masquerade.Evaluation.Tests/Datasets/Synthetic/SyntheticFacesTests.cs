using System.Security.Cryptography;
using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets.Synthetic;

namespace Masquerade.Evaluation.Tests.Datasets.Synthetic;

public class SyntheticFacesTests
{
    private static readonly SyntheticFaces Faces = new(11);

    [Fact]
    public void A_photograph_is_the_same_in_any_order_and_on_any_thread()
    {
        string Hash(int i) => Convert.ToHexString(SHA256.HashData(new SyntheticFaces(3).Photograph(i / 3, i % 3).Decode().Pixels));
        string[] alone = [.. Enumerable.Range(0, 24).Select(Hash)];
        var together = new string[24];
        Parallel.For(0, 24, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => together[23 - i] = Hash(23 - i));
        together.ShouldBe(alone);
        alone.Distinct().Count().ShouldBe(24);
        Faces.Photograph(0, 0).Jpeg.ShouldNotBe(new SyntheticFaces(3).Photograph(0, 0).Jpeg);
    }

    [Fact]
    public void Landmarks_are_a_face_in_the_picture_and_it_can_be_aligned()
    {
        for (var i = 0; i < 300; i++)
        {
            var (who, how) = (SyntheticIdentity.Draw(11, i), SyntheticCapture.Draw(11, i, 0));
            var photograph = Faces.Photograph(i, 0);
            var marks = photograph.Landmarks;
            Faces.Landmarks(i, 0).ShouldBe(marks);
            marks.Points.ShouldAllBe(p => p.X > 0 && p.X < SyntheticFaces.Side && p.Y > 0 && p.Y < SyntheticFaces.Side);
            marks.LeftEye.X.ShouldBeLessThan(marks.RightEye.X - 15);
            marks.LeftMouth.X.ShouldBeLessThan(marks.RightMouth.X - 8);
            Math.Max(marks.LeftEye.Y, marks.RightEye.Y).ShouldBeLessThan(Math.Min(marks.LeftMouth.Y, marks.RightMouth.Y));
            marks.Nose.Y.ShouldBeGreaterThan(Math.Min(marks.LeftEye.Y, marks.RightEye.Y));
            var image = photograph.Decode();
            (image.Width, image.Height).ShouldBe((SyntheticFaces.Side, SyntheticFaces.Side));
            FaceAligner.Align(image, marks, AlignmentKind.ArcFace112x112).Width.ShouldBe(112);
            who.ChinHeight.ShouldBeGreaterThan(who.MouthHeight + who.LowerLip);
            how.JpegQuality.ShouldBeInRange(70, 95);
        }
    }

    [Fact]
    public void The_pupils_are_where_the_landmarks_say()
    {
        var darker = 0;
        for (var i = 0; i < 100; i++)
        {
            var how = SyntheticCapture.Draw(11, i, 0);
            if (how.Glasses == Glasses.Sun) continue;
            var photograph = Faces.Photograph(i, 0);
            var (image, eye, nose) = (photograph.Decode(), photograph.Landmarks.LeftEye, photograph.Landmarks.Nose);
            if (Brightness(image, eye, 3) < Brightness(image, nose, 3)) darker++;
        }
        darker.ShouldBeGreaterThan(85);

        static double Brightness(Masquerade.Imaging.FaceImage image, ImagePoint at, int reach)
        {
            var sum = 0.0;
            for (var y = (int)at.Y - reach; y <= (int)at.Y + reach; y++)
            {
                for (var x = (int)at.X - reach; x <= (int)at.X + reach; x++)
                    sum += image.Pixels[3 * (Math.Clamp(y, 0, 249) * 250 + Math.Clamp(x, 0, 249)) + 1];
            }
            return sum;
        }
    }

    [Fact]
    public void People_differ_in_every_trait_and_stay_themselves()
    {
        var people = Enumerable.Range(0, 200).Select(p => SyntheticIdentity.Draw(5, p)).ToList();
        var traits = typeof(SyntheticIdentity).GetProperties().Where(t => t.Name != "EqualityContract").ToList();
        traits.Count.ShouldBeGreaterThanOrEqualTo(24);
        foreach (var trait in traits) people.Select(trait.GetValue).Distinct().Count().ShouldBeGreaterThan(4, trait.Name);
        foreach (var trait in traits.Where(t => t.Name != nameof(SyntheticIdentity.Moles)))
            trait.GetValue(SyntheticIdentity.Draw(5, 17)).ShouldBe(trait.GetValue(people[17]), trait.Name);
    }

    [Fact]
    public void Pixels_alone_do_not_tell_people_apart()
    {
        const int people = 200;
        var crops = new byte[2 * people][];
        Parallel.For(0, crops.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
        {
            var photograph = Faces.Photograph(i / 2, i % 2);
            crops[i] = FaceAligner.Align(photograph.Decode(), photograph.Landmarks, AlignmentKind.ArcFace112x112).Pixels;
        });
        var distances = new List<(double Distance, bool Same)>();
        for (var p = 0; p < people; p++)
        {
            distances.Add((Distance(crops[2 * p], crops[2 * p + 1]), true));
            distances.Add((Distance(crops[2 * p], crops[2 * ((p + 1) % people) + 1]), false));
        }
        // The best threshold there is, chosen with the truth at hand.
        var (right, best) = (people, people);
        foreach (var (_, same) in distances.OrderBy(d => d.Distance)) best = Math.Max(best, right += same ? 1 : -1);
        var accuracy = best / (2.0 * people);
        TestContext.Current.TestOutputHelper?.WriteLine($"pixel distance: {accuracy:P1}");
        accuracy.ShouldBeLessThanOrEqualTo(0.70);
    }

    private static double Distance(byte[] a, byte[] b)
    {
        var sum = 0L;
        for (var i = 0; i < a.Length; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
        return Math.Sqrt(sum);
    }
}
