using System.IO.Pipelines;
using System.Text.Json;

using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;

using OrleansDDM.Silos.Security.Access;
using OrleansDDM.Silos.Security.Gateway;
using OrleansDDM.Silos.Security.Tls;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.Silos.Observability;

using Xunit;

namespace OrleansDDM.Tests.Silos.Security;

/// <summary>What keeps strangers from holding connections.</summary>
public sealed class ConnectionLimitTests : IDisposable
{
    // What is not refused would be waited for without end.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Connections_beyond_the_limit_are_refused_until_others_end_and_a_flood_is_told_once()
    {
        string path = _folder.File("audit.jsonl");
        await using (var audit = new AuditLog(new AuditOptions { Path = path }, TimeProvider.System, NullLogger<AuditLog>.Instance))
        {
            var over = new TaskCompletionSource();
            var limit = new ConnectionLimit(2, new Gatekeeper(null, new CallerLimits(new CallerLimitOptions(), TimeProvider.System), audit));
            ConnectionDelegate connection = limit.Use(_ => over.Task);
            Task first = connection(new DefaultConnectionContext()), second = connection(new DefaultConnectionContext());
            for (int i = 0; i < 3; i++)
            {
                ConnectionAbortedException e = await Assert.ThrowsAsync<ConnectionAbortedException>(() => connection(new DefaultConnectionContext()).WaitAsync(Patience));
                Assert.Contains("Limits:GatewayConnections", e.Message, StringComparison.Ordinal);
            }

            over.SetResult();
            await Task.WhenAll(first, second);
            await connection(new DefaultConnectionContext());
        }

        string entry = Assert.Single(await File.ReadAllLinesAsync(path));
        Assert.Contains("2 clients are connected", JsonDocument.Parse(entry).RootElement.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_that_does_not_greet_in_time_is_refused_and_one_that_greeted_may_be_silent()
    {
        var time = new ManualTime();
        Task silent = GatewayGuard.RunAsync(new Pipe().Reader, new Pipe().Writer, Frames.Calls, CancellationToken.None, time);
        var from = new Pipe();
        await from.Writer.WriteAsync(Frames.Preamble);
        using var end = new CancellationTokenSource();
        Task greeted = GatewayGuard.RunAsync(from.Reader, new Pipe().Writer, Frames.Calls, end.Token, time);
        time.Advance(GatewayGuard.GreetingLimit - TimeSpan.FromSeconds(1));
        Assert.False(silent.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("no greeting within 10 s", (await Assert.ThrowsAsync<GatewayException>(() => silent.WaitAsync(Patience))).Message, StringComparison.Ordinal);
        Assert.False(greeted.IsCompleted);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => greeted);
    }

    [Theory]
    [InlineData(new byte[] { 22, 3, 1, 2, 0 }, true)]
    [InlineData(new byte[] { 80, 0, 0, 0, 1 }, false)]
    [InlineData(new byte[] { 22, 0, 0, 0, 1 }, false)]
    [InlineData(new byte[] { 22 }, null)]
    [InlineData(new byte[0], null)]
    public async Task First_word_tells_TLS_from_Orleans_and_stays_unread(byte[] said, bool? tls)
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(said);
        await pipe.Writer.CompleteAsync();
        Assert.Equal(tls, await FirstWord.IsTlsAsync(pipe.Reader, CancellationToken.None));
        using var left = new MemoryStream();
        await pipe.Reader.CopyToAsync(left);
        Assert.Equal(said, left.ToArray());
    }
}
