using System.Text;
using System.Text.Encodings.Web;

namespace Masquerade.Evaluation.Remote.Http;

/// <summary>Keys in use: whatever is written or said goes through here first, for a service may repeat a key in its complaints.</summary>
internal sealed class SecretSet
{
    private const string Instead = "***";
    private readonly List<string> _forms = [];

    /// <summary>Takes a key, in all the forms that it may come back in.</summary>
    public void Add(string secret)
    {
        string[] forms =
        [
            secret, Uri.EscapeDataString(secret), JavaScriptEncoder.Default.Encode(secret),
            JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(secret), Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)),
        ];
        _forms.AddRange(forms.Distinct(StringComparer.Ordinal));
        // The longest first, lest a part of one remains.
        _forms.Sort((a, b) => b.Length - a.Length);
    }

    /// <summary>A text without keys.</summary>
    public string Redact(string text) =>
        _forms.Aggregate(text, (shown, form) => shown.Replace(form, Instead, StringComparison.OrdinalIgnoreCase));
}
