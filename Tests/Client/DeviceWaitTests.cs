using System.Text.Json;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Tests.Silos;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>A run that waits for a device, with silos that are processes of their own.</summary>
public sealed class DeviceWaitTests : IDisposable
{
    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PostgresFact]
    public async Task A_run_waits_for_a_silo_with_enough_memory_and_goes_on_by_itself()
    {
        string database = await TestPostgres.InstalledAsync();
        using DdmProcess small = await StartAsync(database, "small", gibibytes: "1");
        using DdmProcess client = DdmProcess.Start(_folder, TinyRun.On(database, TinyRun.Short("training.device=cpu", "training.deviceMemory=2")));
        Assert.True(await client.UntilSaidAsync("Waiting for cpu with 2 GiB"));
        DdmResult status = await DdmProcess.ExpectAsync(0, _folder, "status", "--cluster", database, "--run", "shapes");
        Assert.Contains("waiting for cpu with 2 GiB", status.Output, StringComparison.Ordinal);
        using DdmProcess watch = DdmProcess.Start(_folder, "watch", "--cluster", database, "--run", "shapes");
        Assert.True(await watch.UntilSaidAsync("Waiting for cpu with 2 GiB"));

        using DdmProcess large = await StartAsync(database, "large", gibibytes: "4");
        await client.EndAsync(0);
        await watch.EndAsync(0);
        JsonElement models = (await DdmProcess.ExpectAsync(0, _folder, "status", "--cluster", database, "--run", "shapes", "--format", "json"))
            .Json.GetProperty("status").GetProperty("models");
        Assert.All(models.EnumerateArray(), m => Assert.Equal(("done", "large", "cpu"), (Text(m, "phase"), Text(m, "silo"), Text(m, "device"))));

        // One line, however often the run has looked; and the speed of the machine was not measured, as it was given.
        string[] told = [.. (small.Error + large.Error).Split('\n').Where(l => l.Contains("waits for", StringComparison.Ordinal))];
        Assert.Contains("Run shapes waits for cpu with 2 GiB", Assert.Single(told), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder.File("silos"), "large", "device.json")));
    }

    [PostgresFact]
    public async Task A_silo_without_the_card_that_it_shall_use_says_what_to_look_at()
    {
        using DdmProcess silo = DdmProcess.StartSilo(_folder, "--cluster", await TestPostgres.InstalledAsync(), "--device", "cuda");
        Assert.Contains("-p:TorchBackend=cuda", (await silo.EndAsync(3)).Error, StringComparison.Ordinal);
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private async Task<DdmProcess> StartAsync(string database, string name, string gibibytes)
    {
        DdmProcess silo = DdmProcess.StartSilo(
            _folder, "--cluster", database, "--name", name, "--folder", _folder.File("silos"), "--web-url", "off", "--device", "cpu", "--device-memory", gibibytes, "--device-gflops", "10");
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (!(await ClusterMembers.ReadAsync(database, late.Token)).Any(m => m.Name == name && m.Status == "Active"))
        {
            Assert.False(silo.HasExited, silo.Error);
            await Task.Delay(50, late.Token);
        }

        return silo;
    }
}
