using Masquerade.Alignment;

namespace Masquerade.Tests.Alignment;

public class LandmarkFileTests
{
    private const string Header =
        "image,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,mouth_left_x,mouth_left_y,mouth_right_x,mouth_right_y";

    [Fact]
    public void Columns_are_found_by_name()
    {
        var table = Read("nose_y,note,image,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,"
            + "mouth_left_x,mouth_left_y,mouth_right_x,mouth_right_y",
            "6,\"a, \"\"b\"\"\",a.jpg,1,2,3,4,5,7,8,9,1e1", "", "60,,b.jpg,1,2,3,4,5,7,8,9,10");
        table.Count.ShouldBe(2);
        table.Find("a.jpg")!.Landmarks.ShouldBe(new FiveLandmarks(new(1, 2), new(3, 4), new(5, 6), new(7, 8), new(9, 10)));
        table.Find("b.jpg")!.Landmarks.Nose.ShouldBe(new ImagePoint(5, 60));
    }

    [Fact]
    public void A_photograph_is_found_by_its_file_name_but_not_in_anothers_folder()
    {
        var table = Read(Header, "Ann_0001.jpg,1,2,3,4,5,6,7,8,9,10", "bob/0001.jpg,11,2,3,4,5,6,7,8,9,10");
        table.Find("Ann/Ann_0001.jpg")!.Landmarks.LeftEye.X.ShouldBe(1);
        table.Find(@"Ann\Ann_0001.jpg")!.Landmarks.LeftEye.X.ShouldBe(1);
        table.Find("bob/0001.jpg")!.Landmarks.LeftEye.X.ShouldBe(11);
        table.Find("/photographs/of/bob/0001.jpg")!.Landmarks.LeftEye.X.ShouldBe(11);
        table.Find("cid/0001.jpg").ShouldBeNull();
        table.Find("0001.jpg").ShouldBeNull();
    }

    [Fact]
    public void Boxes_are_read_where_they_are_known()
    {
        var table = Read(Header + ",box_left,box_top,box_right,box_bottom", "a.jpg,1,2,3,4,5,6,7,8,9,10,-1.5,2,30,40", "b.jpg,1,2,3,4,5,6,7,8,9,10,,,,",
            "no-face.jpg,,,,,,,,,,,,,,");
        table.Find("a.jpg")!.Box.ShouldBe(new FaceBox(-1.5, 2, 30, 40));
        table.Find("b.jpg")!.Box.ShouldBeNull();
        table.Find("no-face.jpg").ShouldBeNull();
        Should.Throw<InputException>(() => Read(Header + ",box_left,box_top,box_right,box_bottom", "a.jpg,1,2,3,4,5,6,7,8,9,10,5,2,5,40"))
            .Message.ShouldContain("line 2: the box of a.jpg is empty");
        Should.Throw<InputException>(() => Read(Header + ",box_left", "a.jpg,1,2,3,4,5,6,7,8,9,10,5"))
            .Message.ShouldContain("the column 'box_top' is missing");
    }

    [Theory]
    [InlineData("a.jpg,1,2,3,4,5,6,7,8,9", "line 2: 10 fields, but the header has 11")]
    [InlineData("a.jpg,1,2,3,4,x,6,7,8,9,10", "line 2: nose_x of a.jpg is 'x'")]
    [InlineData("a.jpg,1,2,3,4,5,NaN,7,8,9,10", "line 2: nose_y of a.jpg is 'NaN'")]
    [InlineData("a.jpg,1,2,3,4,5,6,7,8,9,1e999", "line 2: mouth_right_y of a.jpg is '1e999'")]
    [InlineData(",1,2,3,4,5,6,7,8,9,10", "line 2: names no image")]
    [InlineData("\"a.jpg,1,2,3,4,5,6,7,8,9,10", "line 2: a quote is not closed")]
    [InlineData("\"a\".jpg,1,2,3,4,5,6,7,8,9,10", "line 2: text follows a closing quote")]
    [InlineData("a.jpg,1,2,3,4,5,6,7,8,9,10\na.jpg,1,2,3,4,5,6,7,8,9,10", "line 3: a.jpg is listed twice")]
    [InlineData("", "lists no landmarks")]
    public void A_bad_line_is_named(string line, string message) =>
        Should.Throw<InputException>(() => Read(Header, line)).Message.ShouldContain(message);

    [Fact]
    public void A_missing_or_repeated_column_is_named()
    {
        Should.Throw<InputException>(() => Read("image,left_eye_x")).Message.ShouldContain("the column 'left_eye_y' is missing");
        Should.Throw<InputException>(() => Read(Header + ",image")).Message.ShouldContain("the column 'image' stands twice");
    }

    [Fact]
    public void The_file_of_LFW_lists_every_photograph()
    {
        var table = LandmarkFile.Read(Shared.Path("data", "lfw", "landmarks.csv"));
        table.Count.ShouldBe(13233);
        table.Find("AJ_Cook/AJ_Cook_0001.jpg")!.Landmarks
            .ShouldBe(new FiveLandmarks(new(103, 115), new(145, 109), new(116, 135), new(109, 159), new(147, 153)));
    }

    private static LandmarkTable Read(params string[] lines)
    {
        using var folder = new TemporaryFolder();
        return LandmarkFile.Read(folder.Write("landmarks.csv", string.Join("\r\n", lines) + "\r\n"));
    }
}
