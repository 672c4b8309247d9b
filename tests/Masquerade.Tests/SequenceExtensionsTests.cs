namespace Masquerade.Tests;

public class SequenceExtensionsTests
{
    [Fact]
    public void Sequences_of_one_length_are_combined_in_order()
    {
        new[] { 1, 2, 3 }.ZipExact(["a", "b", "c"]).ShouldBe([(1, "a"), (2, "b"), (3, "c")]);
        Array.Empty<int>().ZipExact(Array.Empty<int>(), (a, b) => a + b).ShouldBeEmpty();
    }

    [Fact]
    public void A_shorter_sequence_is_an_error_and_not_a_shorter_result()
    {
        Should.Throw<ArgumentException>(() => new[] { 1, 2, 3 }.ZipExact([1, 2]).ToList()).Message.ShouldContain("second sequence is shorter");
        Should.Throw<ArgumentException>(() => new[] { 1 }.ZipExact([1, 2]).ToList()).Message.ShouldContain("first sequence is shorter");
        Should.Throw<ArgumentException>(() => Array.Empty<int>().ZipExact([1]).ToList());
    }

    [Theory]
    [InlineData("Masquerade.dll")]
    [InlineData("masq.dll")]
    [InlineData("Masquerade.Bench.dll")]
    public void Nothing_cuts_sequences_in_silence(string assembly) =>
        new AssemblyCalls(Path.Combine(AppContext.BaseDirectory, assembly)).Calls
            .Where(m => m.Value.Any(call => call.StartsWith("System.Linq.Enumerable::Zip(", StringComparison.Ordinal)))
            .Select(m => m.Key).ShouldBeEmpty();
}
