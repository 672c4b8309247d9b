using System.Globalization;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>
/// The image x that minimises ½‖x − y‖² + w·TV(x) for the image y, channel by channel: flat where it can be, with sharp edges where it
/// must (Rudin, Osher and Fatemi, Physica D 1992; TV is isotropic). Found in the dual by fast gradient projection (Beck and Teboulle, IEEE
/// TIP 2009), a fixed number of steps, which the gradient goes back through.
/// </summary>
/// <param name="Weight">w, in levels of 255.</param>
public sealed record TotalVariation(double Weight = 10) : Purifier
{
    /// <summary>Steps of the minimisation: faces come within a third of a level of the minimum.</summary>
    internal int Steps => 10 + (int)Math.Ceiling(2 * Weight);

    /// <inheritdoc/>
    public override string Name => string.Create(CultureInfo.InvariantCulture, $"tv:{Weight}");

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws) => ImageSlices.Through(images, Minimise);

    private Tensor Minimise(Tensor images)
    {
        using var scope = NewDisposeScope();
        var weight = Weight / 255;
        var field = DualField.Zero(images);
        var (at, momentum) = (field, 1.0);
        for (var step = 0; step < Steps; step++)
        {
            using var one = NewDisposeScope();
            // 8 bounds the squared norm of the gradient of an image.
            var next = at.Plus(at.Primal(images, weight), 1 / (8 * weight)).Projected();
            var nextMomentum = (1 + Math.Sqrt(1 + 4 * momentum * momentum)) / 2;
            at = next.Beyond(field, (momentum - 1) / nextMomentum).Kept();
            (field, momentum) = (next.Kept(), nextMomentum);
        }
        return field.Primal(images, weight).MoveToOuterDisposeScope();
    }

    /// <summary>A vector at each value: its component towards the next row, and towards the next column.</summary>
    /// <param name="Down">[n,C,H−1,W].</param>
    /// <param name="Right">[n,C,H,W−1].</param>
    private readonly record struct DualField(Tensor Down, Tensor Right)
    {
        public static DualField Zero(Tensor images) => new(
            zeros_like(images.narrow(2, 1, images.shape[2] - 1)).detach(), zeros_like(images.narrow(3, 1, images.shape[3] - 1)).detach());

        /// <summary>Images plus the weighted divergence of the field.</summary>
        public Tensor Primal(Tensor images, double weight)
        {
            var primal = images.clone();
            Next(primal, 2).Plus_(Down, -weight);
            This(primal, 2).Plus_(Down, weight);
            Next(primal, 3).Plus_(Right, -weight);
            This(primal, 3).Plus_(Right, weight);
            return primal;
        }

        /// <summary>The field plus the gradient of images, times a number.</summary>
        public DualField Plus(Tensor images, double times) => new(
            Down.Plus(Next(images, 2), times).Plus_(This(images, 2), -times),
            Right.Plus(Next(images, 3), times).Plus_(This(images, 3), -times));

        /// <summary>Vectors longer than 1 shortened to 1. Of a squared length at least 1 the root has a gradient everywhere.</summary>
        public DualField Projected()
        {
            var down = nn.functional.pad(Down.Squared(), [0, 0, 0, 1]);
            This(down, 3).PlusProduct_(Right, Right);
            var shortened = down.AtLeast(1.0).rsqrt();
            return new DualField(Down * This(shortened, 2), Right * This(shortened, 3));
        }

        /// <summary>The field and further in the direction that led to it.</summary>
        public DualField Beyond(DualField before, double times) => new(
            Down.Times(1 + times).Plus_(before.Down, -times), Right.Times(1 + times).Plus_(before.Right, -times));

        public DualField Kept() => new(Down.MoveToOuterDisposeScope(), Right.MoveToOuterDisposeScope());

        private static Tensor This(Tensor images, int dimension) => images.narrow(dimension, 0, images.shape[dimension] - 1);

        private static Tensor Next(Tensor images, int dimension) => images.narrow(dimension, 1, images.shape[dimension] - 1);
    }
}
