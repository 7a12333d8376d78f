using System.Text.Json;

using OrleansDDM.Tests.Silos;

using Xunit;

namespace OrleansDDM.Tests.Client.Chaos;

/// <summary>Faults by real processes. Order and outcome only: seconds are for the command.</summary>
public sealed class ChaosTests : IDisposable
{
    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PostgresFact]
    public async Task Killed_silos_and_torn_checkpoints_lose_nothing_and_change_no_bit_of_weights_and_images()
    {
        DdmResult result = await DdmProcess.ExpectAsync(
            0,
            _folder,
            "chaos", "--fault", "kill-run", "--fault", "torn-checkpoint", "--fault", "database-restart", "--fault", "kill-replica", "--steps", "700", "--patience", "20", "--seed", "7", "--format", "json");
        JsonElement[] rows = [.. result.Json.GetProperty("faults").EnumerateArray()];
        Assert.Equal(
            ["kill-run holds 1", "torn-checkpoint holds 1", "database-restart holds 1", "kill-replica holds 1"],
            rows.Select(r => $"{r.GetProperty("fault").GetString()} {r.GetProperty("verdict").GetString()} {r.GetProperty("runs").GetInt32()}"));
        Assert.False(Directory.Exists(_folder.File("ddm-chaos")));
    }

    [Theory]
    [InlineData("chaos", "--fault")]
    [InlineData("chaos --fault nothing", "kill-expert")]
    [InlineData("chaos --fault each --silos 1", "[2, 16]")]
    [InlineData("chaos --minutes 0", "--minutes")]
    [InlineData("chaos --minutes 0.3", "at least 0.6")]
    public async Task Mistakes_are_told_before_anything_starts(string line, string told)
    {
        DdmResult result = await DdmProcess.ExpectAsync(2, _folder, line.Split(' '));
        Assert.Contains(told, result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }
}
