using Masquerade.Networks.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Tests;

/// <summary>
/// A native scalar that TorchSharp makes may be freed while libtorch reads it, unless somebody holds it. Only
/// <see cref="TensorArithmetic"/> does, so nobody else may make one: neither by name, nor by an operator or a method of TorchSharp that
/// makes one inside.
/// </summary>
public class TensorArithmeticTests
{
    private const string Scalar = "TorchSharp.Scalar::.ctor(";

    private static readonly AssemblyCalls Torch = new(typeof(torch).Assembly.Location);
    private static readonly HashSet<string> MakeScalars = Callers(Scalar);

    [Theory]
    [InlineData("Masquerade.dll")]
    [InlineData("masq.dll")]
    [InlineData("Masquerade.Bench.dll")]
    [InlineData("AttackAModel.dll")]
    [InlineData("Masquerade.Tests.dll")]
    public void Scalars_are_made_in_one_place(string assembly) =>
        Offences(assembly).Where(o => !o.StartsWith(typeof(TensorArithmetic).FullName!, StringComparison.Ordinal)
            && !o.StartsWith(typeof(Control).FullName!.Replace('+', '/'), StringComparison.Ordinal)).ShouldBeEmpty();

    [Fact]
    public void What_makes_a_scalar_also_frees_it()
    {
        var home = typeof(TensorArithmetic).FullName!;
        var methods = new AssemblyCalls(typeof(TensorArithmetic).Assembly.Location).Calls
            .Where(m => m.Key.StartsWith(home, StringComparison.Ordinal) && m.Value.Overlaps(MakeScalars)).ToDictionary();
        methods.Remove($"{home}::.cctor()").ShouldBeTrue();
        methods.Count.ShouldBeGreaterThan(10);
        foreach (var (method, calls) in methods)
        {
            calls.ShouldContain("System.IDisposable::Dispose()", method);
            calls.Where(MakeScalars.Contains).ShouldAllBe(call => call.StartsWith("TorchSharp.ScalarExtensionMethods::ToScalar("), method);
        }
    }

    [Fact]
    public void Scalars_are_found_however_they_are_made()
    {
        var found = Offences("Masquerade.Tests.dll").Where(o => o.Contains(nameof(Control), StringComparison.Ordinal)).ToList();
        foreach (var way in new[] { "op_Multiply", "op_Addition", "square", "op_Implicit", "leaky_relu", nameof(Control.Lambda) })
            found.ShouldContain(o => o.Contains(way, StringComparison.Ordinal), way);
        found.ShouldNotContain(o => o.Contains(nameof(Control.Harmless), StringComparison.Ordinal));
        MakeForward("TorchSharp.Modules.BatchNorm2d").ShouldBeTrue();
        MakeForward("TorchSharp.Modules.Conv2d").ShouldBeFalse();
    }

    [Fact]
    public void It_computes_what_TorchSharp_computes()
    {
        using var scope = NewDisposeScope();
        var a = tensor([-2.5f, -0.1f, 0, 0.7f, 1, 3]);
        var b = tensor([0.3f, -4, 2, 0.5f, 1, -1]);
        var n = tensor([-3L, 0, 2, 7]);
        Same(a.Plus(b), a - b.neg());
        Same(a.Plus(0.1), a - tensor(-0.1));
        Same(a.Plus(b, -0.3), a - b * tensor(0.3));
        Same(n.Plus(2), n - tensor(-2L));
        Same(a.clone().Plus_(b), a - b.neg());
        Same(a.clone().Plus_(b, -0.3), a - b * tensor(0.3));
        Same(n.clone().Plus_(1), n - tensor(-1L));
        Same(a.Minus(0.1), a - tensor(0.1));
        Same(n.Minus(2), n - tensor(2L));
        Same(a.Times(0.1), a * tensor(0.1));
        Same(n.Times(3), n * tensor(3L));
        Same(a.clone().Times_(0.1), a * tensor(0.1));
        Same(a.Over(0.3), a / tensor(0.3));
        Same(n.Over(2), tensor([-1.5f, 0, 1, 3.5f]));
        Same(a.Squared(), a * a);
        Same(b.Power(3.0), b * b * b);
        Same(n.Power(2), n * n);
        Same(a.AtLeast(0.5), maximum(a, tensor(0.5f)));
        Same(a.AtMost(0.5), minimum(a, tensor(0.5f)));
        Same(a.Between(-1.0, 2.0), minimum(maximum(a, tensor(-1f)), tensor(2f)));
        Same(n.Between(-1, null), maximum(n, tensor(-1L)));
        Same(n.Between(null, 3), minimum(n, tensor(3L)));
        Same(a.Clipped(), minimum(maximum(a, tensor(0f)), tensor(1f)));
        Same(a.IsNegative(), tensor([true, true, false, false, false, false]));
        Same(a.IsZero(), tensor([false, false, true, false, false, false]));
        Same(n.FilledLike(4), tensor([4L, 4, 4, 4]));
        Same(n.Filled(n.IsNegative(), 9), tensor([9L, 0, 2, 7]));
        Same(a.PlusProduct(b, b), a - (b * b).neg());
        Same(a.clone().PlusProduct_(b, b), a - (b * b).neg());
        Same(zeros(2, 2).PlusRows_(tensor([1L, 1]), ones(2, 2)), tensor(new float[,] { { 0, 0 }, { 2, 2 } }));
        Same(a.clone().HardTanh_(-1, 2), a.Between(-1.0, 2.0));
        Same(a.LeakyRelu(0.25), maximum(a, a * tensor(0.25f)));
        Same(a.Elu(2), where(a.IsNegative(), a.expm1() * tensor(2f), a));
        Same(a.Softplus(), a.exp().log1p());

        static void Same(Tensor ours, Tensor expected)
        {
            ours.dtype.ShouldBe(expected.dtype);
            ours.shape.ShouldBe(expected.shape);
            ours.ToDoubles().ShouldBe(expected.ToDoubles(), 1e-6);
        }
    }

    [Fact]
    public void Numbers_hold_while_the_collector_runs()
    {
        using var stop = new ManualResetEventSlim();
        var collector = new Thread(() =>
        {
            while (!stop.IsSet)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            using var scope = NewDisposeScope();
            var (a, b) = (ones(4), ones(4));
            // TorchSharp's own operators are wrong, or throw, after ten thousand: once its code is optimised.
            for (var i = 0; i < 60_000; i++)
            {
                using var inner = NewDisposeScope();
                var number = 1 + i % 1000;
                a.Times((double)number).Plus(b, number).Minus(number).Plus(b).data<float>()[0].ShouldBe(number + 1);
            }
        }
        finally
        {
            stop.Set();
            collector.Join();
        }
    }

    /// <summary>What of an assembly makes scalars, and how.</summary>
    private static IEnumerable<string> Offences(string assembly)
    {
        var read = new AssemblyCalls(Path.Combine(AppContext.BaseDirectory, assembly));
        var calls = read.Calls.SelectMany(m => m.Value.Where(MakeScalars.Contains).Select(call => $"{m.Key} by {call}"));
        // A module is run through its base class, so that its name is all that is seen.
        return calls.Concat(read.Types.Where(MakeForward).Select(type => $"{assembly} by {type}::forward"));
    }

    private static bool MakeForward(string type) =>
        MakeScalars.Any(m => m.StartsWith($"{type}::forward(", StringComparison.Ordinal))
        || (Torch.Bases.TryGetValue(type, out var parent) && MakeForward(parent));

    /// <summary>The methods of TorchSharp that call a method, themselves or through others, and that method.</summary>
    private static HashSet<string> Callers(string method)
    {
        var callers = Torch.Calls.SelectMany(m => m.Value.Select(call => (Caller: m.Key, Call: call))).ToLookup(c => c.Call, c => c.Caller);
        var found = Torch.Calls.Keys.Where(m => m.StartsWith(method, StringComparison.Ordinal)).ToHashSet();
        found.ShouldNotBeEmpty();
        var open = new Queue<string>(found);
        while (open.TryDequeue(out var next))
        {
            foreach (var caller in callers[next])
                if (found.Add(caller)) open.Enqueue(caller);
        }
        return found;
    }

    /// <summary>What must be found.</summary>
    private static class Control
    {
        public static Tensor Sum(Tensor a, Tensor b) => a + b;

        public static Tensor Tenth(Tensor a) => a * 0.1;

        public static Tensor Square(Tensor a) => a.square();

        public static Tensor Clamp(Tensor a) => a.clamp(0, 1);

        public static Tensor Leaky(Tensor a) => nn.functional.leaky_relu(a, 0.1);

        public static Func<Tensor, Tensor> Lambda() => lambda => lambda.square();

        public static Tensor Harmless(Tensor a, Tensor b) => (a - b) * b;
    }
}
