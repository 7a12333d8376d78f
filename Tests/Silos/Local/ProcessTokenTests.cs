using System.Diagnostics;

using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Local;

using Xunit;

namespace OrleansDDM.Tests.Silos.Local;

public sealed class ProcessTokenTests
{
    [Fact]
    public async Task A_process_is_itself_until_it_ends()
    {
        using var process = Process.Start(new ProcessStartInfo("sleep", ["60"]))!;
        LocalProcess known = LocalProcess.Of(process);
        Assert.True(known.IsAlive());
        Assert.NotEqual(ProcessToken.Of(process.Id), ProcessToken.Of(Environment.ProcessId));
        Assert.False((known with { Token = "another boot/1" }).IsAlive());
        known.Signal("KILL");
        Assert.True(await known.EndedAsync(TimeSpan.FromSeconds(20)));
        Assert.False(known.IsAlive());
    }

    [Fact]
    public void A_process_that_another_one_took_the_id_of_is_not_sent_signals()
    {
        using var process = Process.Start(new ProcessStartInfo("sleep", ["60"]))!;
        new LocalProcess(process.Id, "another boot/1").Signal("KILL");
        Assert.False(process.WaitForExit(TimeSpan.FromMilliseconds(200)));
        process.Kill();
    }
}
