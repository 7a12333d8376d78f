using System.Net;
using System.Net.Sockets;

using Microsoft.Extensions.Logging;

using Orleans;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Security;
using OrleansDDM.Silos;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Tokens;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos.Security;

/// <summary>
/// A silo's real gateway and a client made by hand. What it sends would end the process, if the silo's serializer read it: a stack that overflows cannot be
/// caught.
/// </summary>
public sealed class HostileClientTests : IAsyncLifetime
{
    private const string Client = "sys.client/0123456789abcdef0123456789abcdef";

    // What is not refused would be waited for without end.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly RunFolder _folder = new();
    private readonly TokenKey _key = TokenKey.Generate();
    private string _database = null!;
    private ClusterSilo _silo = null!;

    public async Task InitializeAsync()
    {
        _key.Save(_folder.File("key"));
        _database = await TestPostgres.InstalledAsync();
        _silo = await ClusterSilo.StartAsync(
            new ClusterSiloOptions
            {
                Connection = _database,
                Name = "a",
                Folder = _folder,
                LogLevel = LogLevel.None,
                Security = new SecurityPlan { TokenKeys = [_folder.File("key.pub")] },
            },
            new FakeRuntime());
    }

    public async Task DisposeAsync()
    {
        if (_silo is not null)
        {
            await _silo.DisposeAsync();
        }

        _key.Dispose();
        _folder.Dispose();
    }

    [PostgresFact]
    public async Task Silo_outlives_bodies_and_headers_without_end_tells_them_and_serves_others()
    {
        foreach ((string name, byte[] body) in HostileBodies.All)
        {
            await RefusedAsync(name, Frames.Message(Frames.Header(Client, "run/run/r", Frames.Request), body));
        }

        foreach ((string name, byte[] context) in HostileBodies.InContext)
        {
            await RefusedAsync(name + " in the request context", Frames.Message(Frames.Header(Client, "run/run/r", Frames.Request | Frames.RequestContext, context), []));
        }

        byte[] greeting = Frames.Greeting(Client, SiloHost.ClusterId);
        await RefusedAsync("a greeting with fields that nobody knows", [], [.. BitConverter.GetBytes(1000), .. greeting[4..^1], .. Enumerable.Repeat((byte)0x21, 1005 - greeting.Length)]);

        string token = _key.Issue(Roles.Observer, "ann", TimeSpan.FromHours(1), DateTimeOffset.UtcNow);
        await using ClusterConnection honest = await ClusterConnection.ToClusterAsync(_database, new ClientCredentials(token));
        Assert.Equal(RunPhase.None, (await honest.Client.GetGrain<IRunGrain>(GrainKeys.Run("r")).GetStatusAsync()).Phase);
    }

    [PostgresFact]
    public async Task Call_made_by_hand_is_answered()
    {
        using Socket socket = await ConnectAsync();
        await socket.SendAsync(Frames.Message(Frames.Header(Client, "run/run/r", Frames.Request), Frames.Body(Frames.Own(Aliases.RunStatusOf))));

        // The silo's greeting, then its answer.
        Assert.True(await ReadMessageAsync(socket, greeting: true) > 0);
        Assert.True(await ReadMessageAsync(socket, greeting: false) > 0);
    }

    private async Task<Socket> ConnectAsync(byte[]? greeting = null)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(_silo.Info.Gateway));
        await socket.SendAsync(greeting ?? Frames.Greeting(Client, SiloHost.ClusterId));
        return socket;
    }

    private async Task RefusedAsync(string name, byte[] message, byte[]? greeting = null)
    {
        int before = Refused();
        using Socket socket = await ConnectAsync(greeting);
        try
        {
            await socket.SendAsync(message);
            byte[] answer = new byte[4096];
            using var late = new CancellationTokenSource(Patience);
            while (await socket.ReceiveAsync(answer, late.Token) > 0)
            {
                // The silo's greeting; then it hangs up.
            }
        }
        catch (SocketException)
        {
            // It hung up while it was told more.
        }

        await Until.HoldsAsync(() => Refused() == before + 1, what: name);
    }

    private int Refused()
    {
        string path = _folder.File("audit/a.jsonl");
        return File.Exists(path) ? ReadShared(path).Split('\n').Count(l => l.Contains("connection to the gateway", StringComparison.Ordinal)) : 0;
    }

    private static string ReadShared(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd();
    }

    private static async Task<int> ReadMessageAsync(Socket socket, bool greeting)
    {
        using var late = new CancellationTokenSource(Patience);
        byte[] lengths = new byte[greeting ? 4 : 8];
        await ReadAsync(lengths);
        byte[] message = new byte[BitConverter.ToInt32(lengths) + (greeting ? 0 : BitConverter.ToInt32(lengths, 4))];
        await ReadAsync(message);
        return message.Length;

        async Task ReadAsync(byte[] into)
        {
            for (int read = 0; read < into.Length;)
            {
                int got = await socket.ReceiveAsync(into.AsMemory(read), late.Token);
                Assert.NotEqual(0, got);
                read += got;
            }
        }
    }
}
