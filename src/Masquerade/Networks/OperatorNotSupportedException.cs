namespace Masquerade.Networks;

/// <summary>A network uses operators (or forms of them) that cannot be differentiated here; it still runs forward.</summary>
public sealed class OperatorNotSupportedException : Exception
{
    /// <param name="operators">What is not supported, one entry an operator, with the detail where a form is the problem.</param>
    public OperatorNotSupportedException(IReadOnlyList<string> operators)
        : base($"not differentiable here: {string.Join(", ", operators)}") => Operators = operators;

    /// <summary>What is not supported.</summary>
    public IReadOnlyList<string> Operators { get; }
}
