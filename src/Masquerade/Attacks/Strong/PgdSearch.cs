using static TorchSharp.torch;

namespace Masquerade.Attacks.Strong;

/// <summary>One pair's bracket of radii, and where its descent stands.</summary>
/// <param name="attack">Its parameters.</param>
/// <param name="steps">Gradient steps from one start.</param>
/// <param name="rule">What counts as adversarial.</param>
/// <param name="random">Where starts are drawn from.</param>
/// <param name="shape">[3,H,W].</param>
internal sealed class PgdSearch(BisectedPgd attack, int steps, StorageRule rule, CounterRandom random, long[] shape)
{
    private const double FirstRadius = 1.2; // of the linear forecast
    private const double StepsReach = 2.5; // all steps together, as a multiple of the radius
    private const double Inside = 0.999; // of the radius: rounding must not take a success out of the bracket
    private const double Growth = 2; // between radii while none has succeeded
    private const double QuickShrinkage = 1.1; // while none has failed
    private const double Shrinkage = 2;
    private const double LeastRadius = 1e-3;
    private const double Level = 1.0 / 255;

    private readonly Perturbation _perturbation = new(rule);
    private readonly int _size = (int)shape.Aggregate(1L, (a, b) => a * b);
    private readonly bool _inLevels = rule == StorageRule.EightBit && attack.Norm == Norm.Linf;
    private double _fails;
    private double _known = double.PositiveInfinity;
    private double _radius;
    private int _step;
    private int _restart;
    private int _draws;
    private float[]? _computed;
    private float[]? _scratch;

    /// <summary>Whether any radius succeeded.</summary>
    public bool Found => Best is not null;

    /// <summary>The perturbation that succeeded with the smallest norm, as computed; null if there is none.</summary>
    public float[]? Best { get; private set; }

    /// <summary>Whether the bracket is closed, or nothing in the box succeeds.</summary>
    public bool Done => Found
        ? _known <= _fails * (1 + attack.Tolerance) || (_inLevels && _known - _fails < 1.5 * Level)
        : _fails >= Largest;

    private bool InL2 => attack.Norm == Norm.L2;

    private double Largest => InL2 ? Math.Sqrt(_size) : 1;

    /// <summary>How far a perturbation may go.</summary>
    private double Reach => _inLevels ? _radius : Inside * _radius;

    /// <summary>Takes in what was seen at an image, and says where to go.</summary>
    /// <param name="clean">The clean image, [3,H,W].</param>
    /// <param name="change">What the image that was seen differs by.</param>
    /// <param name="margin">The margin there.</param>
    /// <param name="gradient">Its gradient there.</param>
    /// <param name="slope">The gradient's length in the dual norm.</param>
    /// <param name="norm">Norm of <paramref name="change"/> if the verifier is fooled there; else infinite.</param>
    /// <returns>The next perturbation as computed, [3,H,W].</returns>
    public Tensor Next(Tensor clean, Tensor change, float margin, Tensor gradient, float slope, double norm)
    {
        // What rounding has undone still counts for the steps to come.
        var delta = _computed is null ? change : tensor(_computed, shape);
        Tensor moved;
        if (_radius == 0) moved = Begin(clean, delta, Math.Abs(margin / slope), gradient);
        else if (norm < _known) moved = Succeed(norm, clean, delta);
        else moved = Step(clean, delta, InL2 ? gradient.Times(1 / slope) : gradient.sign());
        if (rule == StorageRule.EightBit) _computed = Values(moved);
        return moved;
    }

    /// <summary>The first step, along the gradient alone.</summary>
    private Tensor Begin(Tensor clean, Tensor delta, float forecast, Tensor gradient)
    {
        Enter(Math.Clamp(FirstRadius * forecast, LeastRadius, Largest));
        if (!InL2) return gradient.sign().Times(-Reach);
        // Rounding would undo a short step.
        return rule == StorageRule.EightBit ? OnSphere(clean, gradient.neg()) : Step(clean, delta, gradient / gradient.norm());
    }

    /// <summary>A smaller radius, from the perturbation that has just succeeded.</summary>
    private Tensor Succeed(double norm, Tensor clean, Tensor delta)
    {
        _known = norm;
        Best = Values(delta);
        Enter(_fails == 0 ? norm / (attack.Quick ? QuickShrinkage : Shrinkage) : Math.Sqrt(_fails * norm));
        return Restart(clean);
    }

    /// <summary>A step against the margin and back into the ball; after the last one another start, then another radius.</summary>
    private Tensor Step(Tensor clean, Tensor delta, Tensor direction)
    {
        if (_step++ < steps) return IntoBall(clean, delta - direction.Times(StepsReach * _radius / steps));
        if (attack.Quick && !Found && _radius < Largest)
        {
            // It may have been too few steps: that this radius fails is not known.
            Enter(Math.Min(_radius * Growth, Largest));
            return Step(clean, delta, direction);
        }
        _step = 0;
        if (++_restart < attack.Restarts) return Random(clean);
        _fails = _radius;
        Enter(Found ? Math.Sqrt(_fails * _known) : Math.Min(_radius * Growth, Largest));
        return Restart(clean);
    }

    private void Enter(double radius)
    {
        (_radius, _step, _restart) = (radius, 0, 0);
        if (!_inLevels) return;
        var most = Math.Round(Math.Min(_known, Largest + Level) / Level) - 1;
        _radius = Math.Clamp(Math.Round(radius / Level), Math.Min(Math.Round(_fails / Level) + 1, most), most) * Level;
    }

    /// <summary>The first start at a radius.</summary>
    private Tensor Restart(Tensor clean)
    {
        if (Best is null) return Random(clean);
        var best = tensor(Best, shape);
        return InL2 ? OnSphere(clean, best) : IntoBall(clean, best);
    }

    private Tensor Random(Tensor clean)
    {
        var values = new float[_size];
        if (InL2) random.Gaussian(values, _draws++);
        else random.Uniform(values, _draws++);
        var drawn = tensor(values, shape);
        return InL2 ? OnSphere(clean, drawn) : drawn.Times(Reach);
    }

    private Tensor OnSphere(Tensor clean, Tensor direction) => direction.Times(
        rule == StorageRule.Float ? Reach / direction.norm().item<float>() : Fit(clean, direction, double.MaxValue));

    private Tensor IntoBall(Tensor clean, Tensor delta)
    {
        if (!InL2) return delta.Between(-Reach, Reach);
        return delta.Times(rule == StorageRule.Float ? Math.Min(1, Reach / delta.norm().item<float>()) : Fit(clean, delta, 1));
    }

    private double Fit(Tensor clean, Tensor delta, double most) =>
        _perturbation.Fit(Values(clean), Values(delta), Reach, most, _scratch ??= new float[_size]);

    private static float[] Values(Tensor tensor) => tensor.contiguous().data<float>().ToArray();
}
