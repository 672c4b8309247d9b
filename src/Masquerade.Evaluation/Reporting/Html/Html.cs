using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Masquerade.Evaluation.Reporting.Tables;

namespace Masquerade.Evaluation.Reporting.Html;

/// <summary>
/// HTML that is safe by construction: what is written between the holes of an interpolated string is markup, what comes in through a hole
/// is text and encoded, unless it is <see cref="Html"/> itself.
/// </summary>
internal sealed class Html
{
    private readonly StringBuilder _markup = new();

    public Html Add([InterpolatedStringHandlerArgument("")] ref Handler markup)
    {
        _ = markup;
        return this;
    }

    public override string ToString() => _markup.ToString();

    /// <summary>Markup for a hole of other markup.</summary>
    public static Html Of(Action<Html> write)
    {
        var html = new Html();
        write(html);
        return html;
    }

    /// <summary>Markup that this project made itself. Never a name or a message.</summary>
    public static Html Markup(string markup)
    {
        var html = new Html();
        html._markup.Append(markup);
        return html;
    }

    [InterpolatedStringHandler]
    public readonly ref struct Handler
    {
        private readonly StringBuilder _to;

        public Handler(int literalLength, int formattedCount, Html html)
        {
            _to = html._markup;
            _to.EnsureCapacity(_to.Length + literalLength + 16 * formattedCount);
        }

        public void AppendLiteral(string markup) => _to.Append(markup.ReplaceLineEndings("\n"));

        public void AppendFormatted(string? text) => _to.Append(WebUtility.HtmlEncode(TableText.Printable(text ?? "")));

        public void AppendFormatted(int number) => _to.Append(number);

        public void AppendFormatted(Html markup) => _to.Append(markup._markup);
    }
}
