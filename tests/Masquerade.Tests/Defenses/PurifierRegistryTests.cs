using Masquerade.Defenses;
using Masquerade.Defenses.Filters;

namespace Masquerade.Tests.Defenses;

public class PurifierRegistryTests
{
    [Theory]
    [InlineData("mean", "mean:3")]
    [InlineData("mean:10", "mean:10")]
    [InlineData("mean:5:mirror", "mean:5")]
    [InlineData("mean:5:inside", "mean:5:inside")]
    [InlineData("median", "median:3")]
    [InlineData("gaussian:0.50", "gaussian:0.5")]
    [InlineData("bilateral:2", "bilateral:2:30")]
    [InlineData("bilateral:2:12.5", "bilateral:2:12.5")]
    [InlineData("nlm:8", "nlm:8")]
    [InlineData("tv", "tv:10")]
    [InlineData("wavelet:2", "wavelet:2")]
    [InlineData("gmrf:20", "gmrf:20:10")]
    [InlineData("gmrf:20:5", "gmrf:20:5")]
    [InlineData("bits:5", "bits:5")]
    [InlineData("jpeg", "jpeg:75")]
    [InlineData("resize-pad", "resize-pad:0.85")]
    [InlineData("noise", "noise:8")]
    [InlineData("median+jpeg:60", "median:3+jpeg:60")]
    [InlineData(" median + noise ", "median:3+noise:8")]
    public void Names_are_read_and_written(string text, string name)
    {
        PurifierRegistry.Check(text);
        using var purifier = PurifierRegistry.Open(text);
        purifier.Name.ShouldBe(name);
        using var again = PurifierRegistry.Open(name);
        again.Name.ShouldBe(name);
    }

    [Fact]
    public void Parameters_reach_their_places()
    {
        PurifierRegistry.Open("mean:4:inside").ShouldBe(new MeanFilter(4, MeanBorder.Inside));
        PurifierRegistry.Open("bilateral:2:12.5").ShouldBe(new BilateralFilter(2, 12.5));
        PurifierRegistry.Open("gmrf:20:5").ShouldBe(new MarkovField(20, 5));
    }

    [Theory]
    [InlineData("meen", "no defense 'meen'; did you mean mean?; known are mean, median, ")]
    [InlineData("medain:3", "no defense 'medain'; did you mean median?; known are ")]
    [InlineData("resizepad", "no defense 'resizepad'; did you mean resize-pad?; known are ")]
    [InlineData("median:3+jpg", "no defense 'jpg'; did you mean jpeg?; known are ")]
    [InlineData("", "no defense ''; known are ")]
    [InlineData("median+", "no defense 'median+'; known are ")]
    public void An_unknown_name_is_refused_and_the_nearest_suggested(string text, string message) =>
        Should.Throw<InputException>(() => PurifierRegistry.Check(text)).Message.ShouldStartWith(message);

    [Theory]
    [InlineData("mean:1", "defense 'mean:1': size '1' is not possible; a whole number from 2 to 31 (mean[:SIZE[:mirror|inside]])")]
    [InlineData("mean:3:zero", "defense 'mean:3:zero': border 'zero' is not possible; mirror or inside (mean[:SIZE[:mirror|inside]])")]
    [InlineData("median:4", "defense 'median:4': size '4' is not possible; an odd number from 3 to 15 (median[:SIZE])")]
    [InlineData("median:17", "defense 'median:17': size '17' is not possible; a whole number from 3 to 15 (median[:SIZE])")]
    [InlineData("median:3:3", "defense 'median:3:3': '3' is one parameter too many (median[:SIZE])")]
    [InlineData("gaussian:0", "defense 'gaussian:0': sigma '0' is not possible; a number from 0.1 to 20 (gaussian[:SIGMA])")]
    [InlineData("gaussian:NaN", "defense 'gaussian:NaN': sigma 'NaN' is not possible; a number from 0.1 to 20 (gaussian[:SIGMA])")]
    [InlineData("tv:-1", "defense 'tv:-1': weight '-1' is not possible; a number from 0.1 to 100 (tv[:WEIGHT])")]
    [InlineData("bits:9", "defense 'bits:9': bits '9' is not possible; a whole number from 1 to 8 (bits[:BITS])")]
    [InlineData("jpeg:0", "defense 'jpeg:0': quality '0' is not possible; a whole number from 1 to 100 (jpeg[:QUALITY])")]
    [InlineData("resize-pad:1.1",
        "defense 'resize-pad:1.1': smallest '1.1' is not possible; a number from 0.1 to 1 (resize-pad[:SMALLEST])")]
    [InlineData("noise:", "defense 'noise:': sigma '' is not possible; a number from 0.1 to 255 (noise[:SIGMA])")]
    public void Impossible_parameters_are_refused(string text, string message) =>
        Should.Throw<InputException>(() => PurifierRegistry.Check(text)).Message.ShouldBe(message);
}
