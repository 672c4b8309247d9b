using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Masquerade.Tests;

/// <summary>Data goes one way: a room of the library uses only rooms before it.</summary>
public partial class RoomOrderTests
{
    private static readonly string[] Rooms =
    [
        "Faces", "Assets", "Networks", "Alignment", "Datasets", "Models", "Verification", "Defenses", "Detection", "Attacks", "Training",
        "Remote", "Evaluation", "Reporting",
    ];

    [Fact]
    public void Every_room_uses_only_earlier_rooms()
    {
        var library = Library();
        var found = Directory.GetDirectories(library).Select(Path.GetFileName).Where(d => d is not ("bin" or "obj")).ToList();
        found.ShouldAllBe(room => Rooms.Contains(room), "a folder that is no room of the house");
        var files = 0;
        foreach (var room in found)
        {
            foreach (var file in Directory.GetFiles(Path.Combine(library, room!), "*.cs", SearchOption.AllDirectories))
            {
                files++;
                foreach (Match use in RoomName().Matches(File.ReadAllText(file)))
                {
                    var used = Array.IndexOf(Rooms, use.Groups[1].Value);
                    used.ShouldBeLessThanOrEqualTo(Array.IndexOf(Rooms, room), $"{Path.GetRelativePath(library, file)} uses {use.Value}");
                }
            }
        }
        files.ShouldBeGreaterThan(50);
    }

    [GeneratedRegex(
        @"Masquerade\.(Faces|Assets|Networks|Alignment|Datasets|Models|Verification|"
        + @"Defenses|Detection|Attacks|Training|Remote|Evaluation|Reporting)\b")]
    private static partial Regex RoomName();

    private static string Library([CallerFilePath] string test = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(test)!, "..", "..", "src", "Masquerade"));
}
