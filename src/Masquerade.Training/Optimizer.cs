using static TorchSharp.torch;

namespace Masquerade.Training;

/// <summary>How gradients become steps, and what is remembered of them from step to step.</summary>
/// <param name="memories">Names of the tensors that are remembered of each parameter.</param>
internal abstract class Optimizer(params string[] memories) : IDisposable
{
    private readonly Dictionary<string, Tensor> _memory = [];

    /// <summary>What is remembered, by name: part of a checkpoint.</summary>
    public IEnumerable<(string Name, Tensor Value)> Memory => _memory.Select(m => (m.Key, m.Value));

    /// <summary>Makes room for what is remembered.</summary>
    /// <param name="parameters">What is learned, by name.</param>
    public void Begin(IEnumerable<(string Name, Tensor Value)> parameters)
    {
        using var inference = no_grad();
        foreach (var (name, parameter) in parameters)
            foreach (var memory in memories) _memory.Add($"{memory}.{name}", zeros_like(parameter).DetachFromDisposeScope());
    }

    /// <summary>Changes the parameters.</summary>
    /// <param name="parameters">What is learned, by name.</param>
    /// <param name="gradients">One for each, in order.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="step">Steps done before.</param>
    public void Descend(IReadOnlyList<(string Name, Tensor Value)> parameters, IReadOnlyList<Tensor> gradients, double rate, long step)
    {
        for (var i = 0; i < parameters.Count; i++)
        {
            using var scope = NewDisposeScope();
            var (name, parameter) = parameters[i];
            parameter.sub_(Step(parameter, gradients[i], [.. memories.Select(m => _memory[$"{m}.{name}"])], step).Times(rate));
        }
    }

    /// <summary>What is taken off a parameter at a learning rate of 1.</summary>
    /// <param name="parameter">As it is.</param>
    /// <param name="gradient">Its gradient.</param>
    /// <param name="memory">What is remembered of it, to be changed in place.</param>
    /// <param name="step">Steps done before.</param>
    protected abstract Tensor Step(Tensor parameter, Tensor gradient, Tensor[] memory, long step);

    public void Dispose()
    {
        foreach (var tensor in _memory.Values) tensor.Dispose();
    }
}

/// <summary>Stochastic gradient descent with Nesterov's momentum and weight decay.</summary>
/// <param name="momentum">In [0,1).</param>
/// <param name="weightDecay">Share of a weight that its gradient gains.</param>
internal sealed class NesterovDescent(double momentum, double weightDecay) : Optimizer("velocity")
{
    protected override Tensor Step(Tensor parameter, Tensor gradient, Tensor[] memory, long step)
    {
        // Factors and shifts of batch norms are not decayed.
        if (parameter.dim() > 1) gradient = gradient.Plus(parameter, times: weightDecay);
        memory[0].Times_(momentum).Plus_(gradient);
        return gradient.Plus(memory[0].Times(momentum));
    }
}

/// <summary>Adam (Kingma and Ba, ICLR 2015), with the paper's constants.</summary>
internal sealed class Adam() : Optimizer("mean", "square")
{
    private const double MeanDecay = 0.9;
    private const double SquareDecay = 0.999;
    private const double Epsilon = 1e-8;

    protected override Tensor Step(Tensor parameter, Tensor gradient, Tensor[] memory, long step)
    {
        var (mean, square) = (memory[0], memory[1]);
        mean.Times_(MeanDecay).Plus_(gradient.Times(1 - MeanDecay));
        square.Times_(SquareDecay).Plus_(gradient.Squared().Times(1 - SquareDecay));
        // Both begin at zero; the first steps make up for it.
        var (meanShare, squareShare) = (1 - Math.Pow(MeanDecay, step + 1), 1 - Math.Pow(SquareDecay, step + 1));
        return mean.Over(meanShare) / square.Over(squareShare).sqrt().Plus(Epsilon);
    }
}
