namespace Masquerade.Evaluation.Remote;

/// <summary>What a run would need of a service.</summary>
/// <param name="Pairs">Pairs to be compared, each different one once.</param>
/// <param name="Answered">Those of them that have an answer already, which costs nothing.</param>
/// <param name="Images">Different images that would be sent.</param>
/// <param name="Calls">Calls, if nothing has to be tried again.</param>
/// <param name="LeastTime">Time that they take at least, at the allowed rate.</param>
public sealed record RemoteEstimate(long Pairs, long Answered, long Images, long Calls, TimeSpan LeastTime);
