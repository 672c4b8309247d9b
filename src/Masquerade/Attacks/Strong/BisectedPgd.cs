using static TorchSharp.torch;

namespace Masquerade.Attacks.Strong;

/// <summary>
/// Projected gradient descent on the verifier's margin in an L2 ball (Madry et al., ICLR 2018) with restarts, its radius bisected pair by
/// pair until the smallest that succeeds is known: slow, and hard to hide from. A pair that succeeds goes on at once with a smaller
/// radius, so that the whole batch always works.
/// </summary>
/// <param name="Steps">Gradient steps from one start.</param>
/// <param name="Restarts">Starts at a radius before it counts as failed: the best direction so far, then random ones.</param>
/// <param name="Tolerance">How far above a radius that fails the norm found may be, as a fraction.</param>
/// <param name="MostGradients">Most gradients of a pair.</param>
public sealed record BisectedPgd(int Steps = 40, int Restarts = 5, double Tolerance = 0.03, int MostGradients = 4000)
    : Attack(Norm.L2, Access.WhiteBox)
{
    private const double FirstRadius = 1.2; // of the linear forecast
    private const double Growth = 2;
    private const double StepsReach = 2.5; // all steps together, as a multiple of the radius
    private const double Inside = 0.999; // of the radius: rounding must not take a success out of the bracket

    /// <inheritdoc/>
    public override bool SearchesUnder8Bit => false;

    /// <inheritdoc/>
    protected override void Run(AttackProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        var largest = Math.Sqrt(problem.Clean.shape.Skip(1).Aggregate(1L, (a, b) => a * b));
        var searches = Enumerable.Range(0, problem.Count).Select(p => new Search(this, problem.Random("strong/pgd", p), largest)).ToArray();
        for (var gradients = 0; gradients < MostGradients && problem.AnyActive; gradients++)
        {
            using var scope = NewDisposeScope();
            var (margin, gradient) = problem.MarginAndGradient();
            if (!problem.AnyActive) return;
            var margins = margin.data<float>().ToArray();
            var norms = gradient.Norms();
            Judge(problem, margins);
            var next = empty_like(problem.Clean);
            for (var i = 0; i < margins.Length; i++)
            {
                using var inner = NewDisposeScope();
                var pair = problem.Active[i];
                var search = searches[pair];
                var delta = problem.Images[i] - problem.Clean[i];
                Tensor moved;
                if (search.BeginsWith(margins[i] / norms[i])) moved = search.Start(delta, gradient[i]);
                else if (problem.BestL2(pair) < search.Known) moved = search.Succeed(problem.BestL2(pair), delta);
                else moved = search.Step(delta, gradient[i].Times(1 / norms[i]));
                next[i].copy_(problem.Clean[i].Plus(moved));
            }
            problem.Place(next);
            problem.Retire([.. problem.Active.Select(p => searches[p].Done)]);
        }
    }

    /// <summary>The gradient engine says which images may have crossed; the engine that serves decides.</summary>
    private static void Judge(AttackProblem problem, float[] margins)
    {
        int[] crossed = [.. Enumerable.Range(0, margins.Length).Where(i => margins[i] <= 0)];
        if (crossed.Length == 0) return;
        using var index = tensor(crossed.Select(i => (long)i).ToArray());
        using var images = problem.Images.index_select(0, index);
        problem.Try(images, crossed);
    }

    /// <summary>One pair's bracket, and where its descent stands.</summary>
    private sealed class Search(BisectedPgd attack, CounterRandom random, double largest)
    {
        private double _fails;
        private double _radius;
        private int _step;
        private int _restart;
        private int _draws;
        private float[]? _direction;

        /// <summary>The smallest norm that succeeded.</summary>
        public double Known { get; private set; } = double.PositiveInfinity;

        public bool Done => Known <= _fails * (1 + attack.Tolerance) || (double.IsInfinity(Known) && _fails >= largest);

        /// <summary>Whether this is the first look; takes the linear forecast of the norm that is needed.</summary>
        public bool BeginsWith(double forecast)
        {
            if (_radius > 0) return false;
            _radius = Math.Clamp(FirstRadius * Math.Abs(forecast), 1e-3, largest);
            return true;
        }

        /// <summary>The first step: the gradient alone.</summary>
        public Tensor Start(Tensor delta, Tensor gradient) => Step(delta, gradient / gradient.norm());

        /// <summary>A smaller radius, from the direction that has just succeeded.</summary>
        public Tensor Succeed(double norm, Tensor delta)
        {
            Known = norm;
            _direction = [.. delta.contiguous().data<float>()];
            return Begin(_fails == 0 ? norm / Growth : Math.Sqrt(_fails * norm), delta.shape);
        }

        /// <summary>A step against the margin and back into the ball; after the last one another start, then another radius.</summary>
        public Tensor Step(Tensor delta, Tensor direction)
        {
            if (_step++ < attack.Steps)
            {
                var moved = delta - direction.Times(StepsReach * _radius / attack.Steps);
                return moved.Times(Math.Min(1, Inside * _radius / moved.norm().item<float>()));
            }
            _step = 0;
            if (++_restart < attack.Restarts) return Random(delta.shape);
            _fails = _radius;
            return Begin(double.IsInfinity(Known) ? Math.Min(_radius * Growth, largest) : Math.Sqrt(_fails * Known), delta.shape);
        }

        private Tensor Begin(double radius, long[] shape)
        {
            (_radius, _step, _restart) = (radius, 0, 0);
            return _direction is null ? Random(shape) : OnSphere(tensor(_direction, shape));
        }

        private Tensor Random(long[] shape)
        {
            var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            random.Gaussian(values, _draws++);
            return OnSphere(tensor(values, shape));
        }

        private Tensor OnSphere(Tensor direction) => direction.Times(Inside * _radius / direction.norm().item<float>());
    }
}
