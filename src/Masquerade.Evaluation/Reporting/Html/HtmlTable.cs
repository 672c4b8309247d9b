using Masquerade.Evaluation.Reporting.Tables;

namespace Masquerade.Evaluation.Reporting.Html;

/// <summary>Tables of a page. Where a cell has a value for each goal, a column says which is which.</summary>
internal static class HtmlTable
{
    public static void Write(Html page, StudyTable table)
    {
        var goals = table.Rows.Any(r => r.Any(c => c.Values.Count > 1));
        page.Add($"<table{Html.Markup(goals ? "" : " class=\"plain\"")}>\n<caption>{table.Title}</caption>\n<thead><tr>");
        page.Add($"<th scope=\"col\">{table.Headers[0]}</th>");
        if (goals) page.Add($"<th scope=\"col\">Goal</th>");
        foreach (var header in table.Headers.Skip(1)) page.Add($"<th scope=\"col\">{header}</th>");
        page.Add($"</tr></thead>\n<tbody>\n");
        foreach (var row in table.Rows)
        {
            page.Add($"<tr><th scope=\"row\">{Breakable(row[0].Values[0].Text)}</th>");
            if (goals) page.Add($"<td data-label=\"Goal\" class=\"goal\"><div>anonymization</div><div>impersonation</div></td>");
            foreach (var (header, cell) in table.Headers.ZipExact(row).Skip(1))
            {
                page.Add($"<td data-label=\"{header}\">");
                foreach (var value in cell.Values) page.Add($"<div>{Value(value)}</div>");
                page.Add($"</td>");
            }
            page.Add($"</tr>\n");
        }
        page.Add($"</tbody>\n</table>\n");
    }

    /// <summary>A name of an attack, which a line may end in only after its family.</summary>
    private static Html Breakable(string name) => Html.Of(html =>
    {
        var parts = name.Split('/');
        foreach (var part in parts[..^1]) html.Add($"<span>{part}/</span><wbr>");
        html.Add($"<span>{parts[^1]}</span>");
    });

    private static Html Value(CellValue value) => Html.Of(html =>
    {
        html.Add($"{value.Text}");
        if (value.Detail.Length > 0) html.Add($" <small>({value.Detail})</small>");
    });
}
