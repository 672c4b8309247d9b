namespace Masquerade.Evaluation.Remote.PlainHttp;

/// <summary>How the two images are sent.</summary>
internal enum SendKind
{
    /// <summary>As files of a form (RFC 7578).</summary>
    Multipart,

    /// <summary>As base64 in fields of an URL-encoded form.</summary>
    Form,

    /// <summary>As base64 in a JSON document.</summary>
    Json,

    /// <summary>As two PNG files, the reference after the probe.</summary>
    Raw,
}

/// <summary>A plain HTTP service, as its file describes it. Where a key belongs there is only its name.</summary>
internal sealed record ServiceFile
{
    /// <summary>The file.</summary>
    public required string Source { get; init; }

    /// <summary>What the service is called.</summary>
    public required string Name { get; init; }

    /// <summary>Its URL.</summary>
    public required string Url { get; init; }

    /// <summary>POST or PUT.</summary>
    public string Method { get; init; } = "POST";

    /// <summary>How images are sent.</summary>
    public SendKind Send { get; init; }

    /// <summary>The probe's field of a form.</summary>
    public string Probe { get; init; } = Template.Probe;

    /// <summary>The reference's field of a form.</summary>
    public string Reference { get; init; } = Template.Reference;

    /// <summary>Further fields of a form.</summary>
    public IReadOnlyList<(string Name, string Value)> Fields { get; init; } = [];

    /// <summary>The JSON document.</summary>
    public string? Body { get; init; }

    /// <summary>Further headers.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>Where the score is in the answer.</summary>
    public required JsonPath Score { get; init; }

    /// <summary>Whether a lower score means a closer resemblance.</summary>
    public bool IsDistance { get; init; }

    /// <summary>The lowest score there is.</summary>
    public double Least { get; init; }

    /// <summary>The highest score there is.</summary>
    public double Most { get; init; } = 1;

    /// <summary>The score at which the service says "the same person".</summary>
    public double Threshold { get; init; } = 0.5;

    /// <summary>Answers that mean that there is no face.</summary>
    public IReadOnlyList<AnswerRule> NoFace { get; init; } = [];

    /// <summary>Answers that mean that an image is not taken.</summary>
    public IReadOnlyList<AnswerRule> Refused { get; init; } = [];

    /// <summary>All names of keys.</summary>
    public IReadOnlyList<string> Keys =>
        [.. Fields.Concat(Headers).Select(f => f.Value).Append(Url).Append(Body ?? "").SelectMany(Template.Keys).Distinct()];

    /// <summary>All that an answer depends on.</summary>
    public string Identity => string.Join('\n',
    [
        Url, Method, Send.ToString(), Probe, Reference, .. Fields.Select(f => $"{f.Name}={f.Value}"), Body ?? "",
        .. Headers.Select(h => $"{h.Name}: {h.Value}"), Score.ToString(),
        FormattableString.Invariant($"{IsDistance} {Least:R} {Most:R}"), .. NoFace.Concat(Refused).Select(r => r.ToString()),
    ]);

    /// <summary>Confidence that both are the same person; null where a score is not on the scale.</summary>
    public double? Confidence(double score)
    {
        var share = (score - Least) / (Most - Least);
        if (!(share is >= -Http.ServiceJson.Slack and <= 1 + Http.ServiceJson.Slack)) return null;
        share = Math.Clamp(share, 0, 1);
        return IsDistance ? 1 - share : share;
    }
}
