namespace Masquerade.Evaluation.Remote.Aws;

/// <summary>Credentials of AWS. A class, so that nothing prints them.</summary>
internal sealed class AwsKey(string id, string secret, string? sessionToken)
{
    public string Id => id;

    public string Secret => secret;

    /// <summary>Token of temporary credentials; null of others.</summary>
    public string? SessionToken => sessionToken;
}
