namespace Masquerade.Evaluation.Ledger;

/// <summary>A defense in front of a model, as a run used it.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Defense">Name of the defense, as rows have it.</param>
/// <param name="Gradient">How an attacker's gradient was had: <c>exact</c> or <c>straight-through</c>.</param>
/// <param name="Samples">Draws that the attacker averaged over; 1 where nothing is drawn.</param>
/// <param name="IsRandom">Whether it draws.</param>
/// <param name="SecondsPerImage">Time of purifier and detector alone, an image of a batch of 32 on the run's threads.</param>
/// <param name="SecondsPerForward">Time of the recogniser's forward, measured likewise.</param>
public sealed record DefenseFact(
    string Model, string Defense, string Gradient, int Samples, bool IsRandom, double SecondsPerImage, double SecondsPerForward);

/// <summary>The distance of a clean pair.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Defense">The defense in front of it; empty for none.</param>
/// <param name="Pair">Id of the pair.</param>
/// <param name="SamePerson">Whether it shows one person.</param>
/// <param name="Distance">Squared embedding distance, in [0,4].</param>
/// <param name="Score">The detector's score of the probe; null without a detector.</param>
/// <param name="Refused">Whether the probe is refused.</param>
public sealed record CleanScore(
    string Model, string Defense, string Pair, bool SamePerson, double Distance, double? Score = null, bool Refused = false);

/// <summary>What the margin's gradient at a clean probe, through a defense, is worth.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Defense">The defense in front of it; empty for none.</param>
/// <param name="Pair">Id of the pair.</param>
/// <param name="Norm">L2 norm of the gradient.</param>
/// <param name="Repeatability">Cosine between two estimates from different draws; 1 where nothing is drawn.</param>
/// <param name="Agreement">
/// The margin's fall, as the engine that serves sees it, over a small step against the gradient, divided by what the gradient promises: 1
/// where it tells the truth.
/// </param>
public sealed record GradientCheck(string Model, string Defense, string Pair, double Norm, double Repeatability, double Agreement);
