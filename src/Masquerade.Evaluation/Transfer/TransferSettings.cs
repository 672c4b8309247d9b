using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Remote;

namespace Masquerade.Evaluation.Transfer;

/// <summary>How a run's images come to other verifiers.</summary>
public sealed record TransferSettings
{
    /// <summary>How they come.</summary>
    public TransferWay Way { get; init; }

    /// <summary>Folder of the weights of the detector that looks for faces again, or its name; null for the run's own.</summary>
    public string? Detector { get; init; }

    /// <summary>Threads of a forward pass; 0 for one a core.</summary>
    public int Threads { get; init; }

    /// <summary>How services are asked.</summary>
    public RemoteSettings Remote { get; init; } = new();

    /// <summary>Opens what is called <c>service:NAME</c>, in tests; null for the services that there are.</summary>
    internal Func<string, RemoteSettings, IRemoteVerifier>? OpenService { get; init; }
}
