using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade;

/// <summary>
/// Arithmetic of tensors and numbers, instead of TorchSharp's own. TorchSharp 0.107 makes a native scalar of every number (and of the 1 in
/// <c>a + b</c>, which it computes as a + 1·b), and the garbage collector may free it while libtorch still reads it. Here a scalar lives
/// until libtorch is done, and is freed at once. Numbers keep their kind: whole ones leave a tensor of integers one of integers.
/// </summary>
/// <remarks>
/// Results belong to the caller's scope and broadcast as in torch; an underscore at the end of a name means in place, as there.
/// A tensor without a scope or a variable that is read later is not safe from the collector either: open a scope around a formula.
/// </remarks>
public static class TensorArithmetic
{
    // Never collected, never disposed.
    private static readonly Scalar Zero = 0L.ToScalar();
    private static readonly Scalar One = 1L.ToScalar();
    private static readonly Scalar Two = 2L.ToScalar();

    /// <summary>a + b.</summary>
    public static Tensor Plus(this Tensor a, Tensor b) => Given(a).add(b, One);

    /// <summary>a + number·b.</summary>
    public static Tensor Plus(this Tensor a, Tensor b, double times)
    {
        using var factor = times.ToScalar();
        return Given(a).add(b, factor);
    }

    /// <summary>Adds a number.</summary>
    public static Tensor Plus(this Tensor a, double number)
    {
        using var summand = number.ToScalar();
        return Given(a).add(summand, One);
    }

    /// <inheritdoc cref="Plus(Tensor, double)"/>
    public static Tensor Plus(this Tensor a, long number)
    {
        using var summand = number.ToScalar();
        return Given(a).add(summand, One);
    }

    /// <summary>a + b, in a's place.</summary>
    public static Tensor Plus_(this Tensor a, Tensor b) => Given(a).add_(b, One);

    /// <summary>a + number·b, in a's place.</summary>
    public static Tensor Plus_(this Tensor a, Tensor b, double times)
    {
        using var factor = times.ToScalar();
        return Given(a).add_(b, factor);
    }

    /// <summary>Adds a number in place.</summary>
    public static Tensor Plus_(this Tensor a, long number)
    {
        using var summand = number.ToScalar();
        return Given(a).add_(summand, One);
    }

    /// <summary>Subtracts a number.</summary>
    public static Tensor Minus(this Tensor a, double number)
    {
        using var subtrahend = number.ToScalar();
        return Given(a).sub(subtrahend);
    }

    /// <inheritdoc cref="Minus(Tensor, double)"/>
    public static Tensor Minus(this Tensor a, long number)
    {
        using var subtrahend = number.ToScalar();
        return Given(a).sub(subtrahend);
    }

    /// <summary>Multiplies by a number.</summary>
    public static Tensor Times(this Tensor a, double number)
    {
        using var factor = number.ToScalar();
        return Given(a).mul(factor);
    }

    /// <inheritdoc cref="Times(Tensor, double)"/>
    public static Tensor Times(this Tensor a, long number)
    {
        using var factor = number.ToScalar();
        return Given(a).mul(factor);
    }

    /// <summary>Multiplies by a number in place.</summary>
    public static Tensor Times_(this Tensor a, double number)
    {
        using var factor = number.ToScalar();
        return Given(a).mul_(factor);
    }

    /// <summary>Divides by a number.</summary>
    public static Tensor Over(this Tensor a, double number)
    {
        using var divisor = number.ToScalar();
        return Given(a).div(divisor);
    }

    /// <summary>Divides by a number; integers become floats.</summary>
    public static Tensor Over(this Tensor a, long number)
    {
        using var divisor = number.ToScalar();
        return Given(a).div(divisor);
    }

    /// <summary>The square of each value.</summary>
    public static Tensor Squared(this Tensor a) => Given(a).pow(Two);

    /// <summary>Each value to a power.</summary>
    public static Tensor Power(this Tensor a, double exponent)
    {
        using var power = exponent.ToScalar();
        return Given(a).pow(power);
    }

    /// <inheritdoc cref="Power(Tensor, double)"/>
    public static Tensor Power(this Tensor a, long exponent)
    {
        using var power = exponent.ToScalar();
        return Given(a).pow(power);
    }

    /// <summary>Raises what is smaller to <paramref name="least"/>.</summary>
    public static Tensor AtLeast(this Tensor a, double least)
    {
        using var bound = least.ToScalar();
        return Given(a).clamp_min(bound);
    }

    /// <summary>Lowers what is larger to <paramref name="most"/>.</summary>
    public static Tensor AtMost(this Tensor a, double most)
    {
        using var bound = most.ToScalar();
        return Given(a).clamp_max(bound);
    }

    /// <summary>Brings each value between two bounds.</summary>
    public static Tensor Between(this Tensor a, double least, double most)
    {
        using Scalar low = least.ToScalar(), high = most.ToScalar();
        return Given(a).clamp(low, high);
    }

    /// <summary>Brings each whole number between two bounds; null: no bound there.</summary>
    public static Tensor Between(this Tensor a, long? least, long? most)
    {
        using Scalar? low = least?.ToScalar(), high = most?.ToScalar();
        return Given(a).clamp(low, high);
    }

    /// <summary>Brings each value into [0,1]: images as they may be.</summary>
    public static Tensor Clipped(this Tensor images) => Given(images).clamp(Zero, One);

    /// <summary>Brings each value into [0,1], in place.</summary>
    public static Tensor Clipped_(this Tensor images) => Given(images).clamp_(Zero, One);

    /// <summary>Whether each value is below 0.</summary>
    public static Tensor IsNegative(this Tensor a) => Given(a).lt(Zero);

    /// <summary>Whether each value is 0.</summary>
    public static Tensor IsZero(this Tensor a) => Given(a).eq(Zero);

    /// <summary>A tensor of this one's shape and type, with the same number everywhere.</summary>
    public static Tensor FilledLike(this Tensor a, double number)
    {
        using var value = number.ToScalar();
        return Given(a).full_like(value);
    }

    /// <summary>The tensor with a number wherever a mask is true.</summary>
    public static Tensor Filled(this Tensor a, Tensor mask, double number)
    {
        using var value = number.ToScalar();
        return Given(a).masked_fill(mask, value);
    }

    /// <summary>a + b·c.</summary>
    public static Tensor PlusProduct(this Tensor a, Tensor b, Tensor c) => Given(a).addcmul(b, c, One);

    /// <summary>a + b·c, in a's place.</summary>
    public static Tensor PlusProduct_(this Tensor a, Tensor b, Tensor c) => Given(a).addcmul_(b, c, One);

    /// <summary>Adds each row of <paramref name="rows"/> to the row of this tensor that <paramref name="index"/> names, in place.</summary>
    public static Tensor PlusRows_(this Tensor a, Tensor index, Tensor rows) => Given(a).index_add_(0, index, rows, One);

    /// <summary>
    /// Brings each value between two bounds in place; its gradient takes a tenth of <see cref="Between(Tensor, double, double)"/>'s time.
    /// </summary>
    internal static Tensor HardTanh_(this Tensor a, double least, double most)
    {
        using Scalar low = least.ToScalar(), high = most.ToScalar();
        return a.hardtanh_(low, high);
    }

    /// <summary>x where it is positive, alpha·(eˣ − 1) elsewhere (Clevert et al., ICLR 2016).</summary>
    internal static Tensor Elu(this Tensor a, double alpha)
    {
        using var slope = alpha.ToScalar();
        return a.elu(slope, One, One);
    }

    /// <summary>x where it is positive, slope·x elsewhere.</summary>
    internal static Tensor LeakyRelu(this Tensor a, double slope)
    {
        using var factor = slope.ToScalar();
        return a.leaky_relu(factor);
    }

    /// <summary>log(1 + eˣ).</summary>
    internal static Tensor Softplus(this Tensor a) => a.neg().log_sigmoid().neg();

    private static Tensor Given(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor;
    }
}
