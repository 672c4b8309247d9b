
namespace Masquerade.Evaluation.Experiments;

/// <summary>One attack under one rule on one model, bare or defended: what a run's rows are grouped by.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Storage">Storage rule.</param>
/// <param name="Family">Family of the attack.</param>
/// <param name="Attack">Name of the attack in its family.</param>
/// <param name="Defense">The defense in front of the model; empty for none.</param>
/// <param name="Knowledge">What the attacker knows of it; empty where there is none.</param>
public sealed record RunCell(
    string Model, string Storage, string Family, string Attack, string Defense = "", string Knowledge = "");
