namespace Masquerade.Attacks;

/// <summary>What an attack did to one pair.</summary>
/// <param name="Success">Whether the verifier was fooled; true for pairs that were wrong before the attack.</param>
/// <param name="AlreadyWrong">Whether the clean probe was judged wrongly, so that nothing was attacked.</param>
/// <param name="L2">L2 norm of the perturbation over values in [0,1]; NaN without success.</param>
/// <param name="Linf">Largest absolute change of a value; NaN without success.</param>
/// <param name="DistanceBefore">Squared distance of the clean probe.</param>
/// <param name="DistanceAfter">Squared distance of the adversarial image; NaN without success.</param>
/// <param name="Forwards">Images of this pair sent through the forward engine.</param>
/// <param name="Backwards">Images of this pair differentiated.</param>
/// <param name="Seconds">This pair's share of the time.</param>
/// <param name="Adversarial">
/// The smallest adversarial image, [3,H,W] planar in [0,1]; null without success and for pairs already wrong.
/// </param>
/// <param name="Last">The last image of a failed attack that was judged, if the problem was told to keep it.</param>
/// <param name="NearThreshold">
/// Whether any image of this pair was judged so close to the threshold that another batch size or thread count may judge it otherwise.
/// </param>
/// <param name="LateGain">
/// By how much of itself the norm fell in the last quarter of the calls, in [0,1]; 1 where the first success came only then, NaN without.
/// </param>
/// <param name="Reason">Why an attack ended early, as <c>zero-gradient</c>; else empty.</param>
public sealed record AttackResult(
    bool Success, bool AlreadyWrong, double L2, double Linf, double DistanceBefore, double DistanceAfter,
    long Forwards, long Backwards, double Seconds, float[]? Adversarial, float[]? Last, bool NearThreshold, double LateGain, string Reason);
