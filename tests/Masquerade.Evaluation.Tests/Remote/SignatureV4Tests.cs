using System.Text;
using Masquerade.Evaluation.Remote.Aws;

namespace Masquerade.Evaluation.Tests.Remote;

/// <summary>The test suite that AWS publishes for Signature Version 4: its requests, and the signatures that they must get.</summary>
public class SignatureV4Tests
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static readonly AwsKey Key = new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", null);
    private static readonly DateTimeOffset Time = new(2015, 8, 30, 12, 36, 0, TimeSpan.Zero);

    public static TheoryData<string, string, string, string[], string, string> Suite => new()
    {
        { "get-vanilla", "GET", "/", [], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
        { "post-vanilla", "POST", "/", [], "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
        {
            "get-vanilla-empty-query-key", "GET", "/?Param1=value1", [], "",
            "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"
        },
        { "post-vanilla-query", "POST", "/?Param1=value1", [], "", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11" },
        {
            "get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", [], "",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        },
        {
            "get-vanilla-query-order-encoded", "GET", "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", [], "",
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"
        },
        {
            "get-vanilla-query-unreserved", "GET", $"/?{Unreserved}={Unreserved}", [], "",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"
        },
        { "get-vanilla-utf8-query", "GET", "/?ሴ=bar", [], "", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04" },
        { "get-unreserved", "GET", $"/{Unreserved}", [], "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f" },
        { "get-utf8", "GET", "/ሴ", [], "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85" },
        { "get-space", "GET", "/example space/", [], "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741" },
        { "get-slash-dot-slash", "GET", "/./", [], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
        { "get-slashes", "GET", "//example//", [], "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84" },
        { "get-slash-pointless-dot", "GET", "/./example", [], "", "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5" },
        {
            "get-relative-relative", "GET", "/example1/example2/../..", [], "",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        },
        {
            "get-header-key-duplicate", "GET", "/", ["My-Header1:value2", "My-Header1:value2", "My-Header1:value1"], "",
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"
        },
        {
            "get-header-value-order", "GET", "/", ["My-Header1:value4", "My-Header1:value1", "My-Header1:value3", "My-Header1:value2"], "",
            "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"
        },
        {
            "get-header-value-trim", "GET", "/", ["My-Header1: value1", "My-Header2: \"a   b   c\""], "",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
        },
        {
            "post-header-key-sort", "POST", "/", ["My-Header1:value1"], "",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"
        },
        {
            "post-header-value-case", "POST", "/", ["My-Header1:VALUE1"], "",
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"
        },
        {
            "post-x-www-form-urlencoded", "POST", "/", [$"Content-Type:{Form}"], "Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        },
        {
            // The suite has this one twice, with more headers signed in its newer form.
            "post-x-www-form-urlencoded", "POST", "/",
            [
                $"Content-Type:{Form}", "Content-Length:13",
                "x-amz-content-sha256:9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
            ],
            "Param1=value1", "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"
        },
        {
            "post-x-www-form-urlencoded-parameters", "POST", "/", [$"Content-Type:{Form}; charset=utf8"], "Param1=value1",
            "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"
        },
    };

    [Theory]
    [MemberData(nameof(Suite))]
    public void A_request_of_the_suite_gets_its_signature(
        string name, string method, string target, string[] headers, string body, string signature)
    {
        var given = headers.Select(h => h.Split(':', 2)).Select(h => (h[0], h[1])).Append(("Host", "example.amazonaws.com")).ToList();
        var added = new SignatureV4(Key, "us-east-1", "service").Sign(method, target, given, Encoding.UTF8.GetBytes(body), Time);
        var names = given.Select(h => h.Item1.ToLowerInvariant()).Append("x-amz-date").Distinct().Order(StringComparer.Ordinal);
        added.ShouldBe(
        [
            ("x-amz-date", "20150830T123600Z"),
            ("authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + $"SignedHeaders={string.Join(';', names)}, Signature={signature}"),
        ], name);
    }

    [Fact]
    public void A_session_token_is_sent_and_signed()
    {
        // get-vanilla-with-session-token.
        const string Token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
        var signature = new SignatureV4(new AwsKey(Key.Id, Key.Secret, Token), "us-east-1", "service");
        var added = signature.Sign("GET", "/", [("Host", "example.amazonaws.com")], [], Time);
        added.ShouldContain(("x-amz-security-token", Token));
        added[^1].Value.ShouldBe("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            + "SignedHeaders=host;x-amz-date;x-amz-security-token, "
            + "Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8");
    }
}
