using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Web;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos;

public sealed class EmbeddedSiloTests : SiloTest
{
    [Fact]
    public async Task Second_client_finds_the_silo_by_its_folder_and_can_do_everything()
    {
        HoldAt(18);
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await using ClusterConnection connection = await ClusterConnection.ToRunFolderAsync(Folder);
        IRunGrain run = connection.Client.GetGrain<IRunGrain>(GrainKeys.Run("r"));

        await WatchAsync(run, until: e => e.Kind == RunEventKind.Checkpoint);
        RunStatus status = await run.GetStatusAsync();
        Assert.Equal((RunPhase.Training, 3), (status.Phase, status.Models.Length));
        RunConflictException e = await Assert.ThrowsAsync<RunConflictException>(() => run.SubmitAsync(SpecJson.Write(Spec(seed: 8))));
        Assert.Contains("'r' exists with a different spec", e.Message, StringComparison.Ordinal);
        Assert.Equal(RunPhase.Stopped, (await run.StopAsync()).Phase);
        Assert.Equal(RunPhase.Stopped, (await WatchAsync(run))[^1].Phase);
    }

    [Fact]
    public async Task Second_silo_on_the_same_folder_is_refused()
    {
        RunFolderInUseException e = await Assert.ThrowsAsync<RunFolderInUseException>(() => EmbeddedSilo.StartAsync(Options()));
        Assert.Equal(Environment.ProcessId, e.ProcessId);
    }

    [Fact]
    public async Task Endpoint_file_goes_with_the_silo()
    {
        Assert.Equal(Silo.Endpoint, EndpointFile.Read(Folder));
        await Silo.DisposeAsync();
        Assert.Null(EndpointFile.Read(Folder));
        Assert.False(File.Exists(Folder.File("endpoint.json")));
        await Assert.ThrowsAsync<ClusterUnreachableException>(() => ClusterConnection.ToRunFolderAsync(Folder));
    }

    [Theory]
    [InlineData("token", "another boot/1")]
    [InlineData("processId", int.MaxValue)]
    [InlineData("gateway", null)]
    public void Endpoint_file_of_a_dead_process_is_recognised(string key, object? value)
    {
        JsonNode json = JsonNode.Parse(File.ReadAllText(Folder.File("endpoint.json")))!;
        json[key] = JsonValue.Create(value);
        File.WriteAllText(Folder.File("endpoint.json"), json.ToJsonString());
        Assert.Null(EndpointFile.Read(Folder));
    }

    [Fact]
    public async Task Refused_connection_is_told_as_such()
    {
        (_, int free) = FreePorts.Two();
        (Silo.Endpoint with { Gateway = $"127.0.0.1:{free}" }).Write(Folder);
        ClusterUnreachableException e = await Assert.ThrowsAsync<ClusterUnreachableException>(() => ClusterConnection.ToRunFolderAsync(Folder));
        Assert.Contains("does not answer", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silo_that_accepts_but_never_answers_is_given_up()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        (Silo.Endpoint with { Gateway = silent.LocalEndpoint.ToString()! }).Write(Folder);
        ClusterUnreachableException e = await Assert.ThrowsAsync<ClusterUnreachableException>(
            () => ClusterConnection.ToRunFolderAsync(Folder, TimeSpan.FromMilliseconds(500), CancellationToken.None).WaitAsync(Patience));
        Assert.Contains("no answer within", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Taken_port_is_given_up_for_another_one()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int attempts = 0;
        using var folder = new RunFolder();
        await using EmbeddedSilo silo = await EmbeddedSilo.StartAsync(Options() with
        {
            RunFolder = folder,
            Ports = () => attempts++ == 0 ? (((IPEndPoint)taken.LocalEndpoint).Port, FreePorts.Two().Gateway) : FreePorts.Two(),
        });
        Assert.Equal(2, attempts);
        Assert.Equal(RunPhase.None, (await silo.Client.GetGrain<IRunGrain>(GrainKeys.Run("r")).GetStatusAsync()).Phase);
    }

    [Fact]
    public async Task Dashboard_is_served_when_asked_for()
    {
        using var folder = new RunFolder();
        Assert.Null(Silo.HttpUrl);
        await using EmbeddedSilo silo = await EmbeddedSilo.StartAsync(Options() with { RunFolder = folder, WebUrl = WebUrl.Local });
        using var http = new HttpClient();
        string page = await http.GetStringAsync(new Uri(silo.HttpUrl + "/dashboard/"));
        Assert.Contains("<html", page, StringComparison.OrdinalIgnoreCase);
    }
}
