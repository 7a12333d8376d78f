using System.Globalization;
using System.Text.Json.Nodes;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.State;

using Xunit;

namespace OrleansDDM.Tests.Grains;

/// <summary>States of an older release are read, those of a newer one are refused.</summary>
public sealed class StateVersionTests : SiloTest
{
    // What came after the first release.
    private static readonly string[] Later = ["Version", "Writer", "From", "FromTerm", "StoppedTerm"];

    [Fact]
    public async Task States_from_before_there_were_versions_go_on()
    {
        await StopAtAsync(18);
        await Silo.DisposeAsync();
        RewriteStates(text => Change(text, state => Assert.All(
            Later.Where(key => state.ContainsKey(key)), key => state.Remove(key))));
        await StartSiloAsync();
        Assert.Equal(RunPhase.Stopped, (await Run().GetStatusAsync()).Phase);
        await ResumeAndCheckAsync();
        Assert.All(Runtime.Opened.Skip(3), o => Assert.Equal(18, o.Step));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task State_of_a_newer_release_is_refused_by_name(bool run)
    {
        await StopAtAsync(18);
        await Silo.DisposeAsync();
        RewriteStates(text => Change(text, state =>
        {
            if (state.ContainsKey("Events") == run)
            {
                state["Version"] = StateVersion.Current + 1;
            }
        }));
        await StartSiloAsync();
        Exception e = run
            ? await Assert.ThrowsAnyAsync<Exception>(() => Run().GetStatusAsync())
            : await Assert.ThrowsAnyAsync<Exception>(() => Run().GetMetricsAsync());
        Assert.IsType<StateVersionException>(e);
        Assert.Contains(run ? "run 'r'" : "'model/r/", e.Message, StringComparison.Ordinal);
        Assert.Contains((StateVersion.Current + 1).ToString(CultureInfo.InvariantCulture), e.Message, StringComparison.Ordinal);
        if (!run)
        {
            // The run itself can be read, and says what is wrong instead of training from scratch.
            LetGo();
            await Run().ResumeAsync();
            RunStatus status = await UntilAsync(s => s.Phase == RunPhase.Faulted);
            Assert.Contains("newer release", status.Message, StringComparison.Ordinal);
            Assert.Equal(3, Runtime.Opened.Count);
        }
    }

    private static string Change(string text, Action<JsonObject> change)
    {
        JsonObject state = JsonNode.Parse(text)!.AsObject();
        change(state);
        return state.ToJsonString();
    }
}
