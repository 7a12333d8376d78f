using Xunit;
using Xunit.Sdk;

namespace OrleansDDM.Tests.House;

public sealed class UntilTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task What_comes_is_returned_and_what_does_not_is_named_with_what_was_seen()
    {
        int looks = 0;
        Assert.Equal("look 3", await Until.SeenAsync(() => Task.FromResult<string?>($"look {++looks}"), s => s.EndsWith('3')));
        XunitException e = await Assert.ThrowsAsync<XunitException>(() => Until.SeenAsync(() => Task.FromResult<string?>("a silo"), s => s == "a whale", Short));
        Assert.Contains("s == \"a whale\"", e.Message, StringComparison.Ordinal);
        Assert.Contains("a silo", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_look_that_never_answers_is_given_up()
    {
        XunitException e = await Assert.ThrowsAsync<XunitException>(() => Until.HoldsAsync(() => new TaskCompletionSource<bool>().Task, Short));
        Assert.Contains("TaskCompletionSource", e.Message, StringComparison.Ordinal);
    }
}
