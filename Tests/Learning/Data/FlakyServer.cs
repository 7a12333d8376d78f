using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OrleansDDM.Tests.Learning.Data;

/// <summary>What the server does with one request.</summary>
/// <param name="Status">Status code; null = 200, or 206 for a range.</param>
/// <param name="BreakAfter">Close the connection after this many body bytes.</param>
/// <param name="Announce">Content-Length to announce; -1 = none.</param>
/// <param name="IgnoreRange">Answer 200 with the whole file.</param>
/// <param name="ShiftRange">Answer with a range that starts this many bytes later than asked for.</param>
internal sealed record Behaviour(int? Status = null, int? BreakAfter = null, long? Announce = null, bool IgnoreRange = false, int ShiftRange = 0);

/// <summary>A small HTTP server on loopback that serves one file and misbehaves on order, one behaviour a request, then well.</summary>
internal sealed class FlakyServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Behaviour> _script;
    private readonly Task _loop;

    public FlakyServer(byte[] content, params Behaviour[] script)
    {
        Content = content;
        _script = new ConcurrentQueue<Behaviour>(script);
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _loop = ServeAsync();
    }

    public byte[] Content { get; }

    public Uri Address { get; }

    /// <summary>"PATH from N" of each request; N is -1 without a range.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                await AnswerAsync(client.GetStream());
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The client hung up, or the test is over.
            }
        }
    }

    private async Task AnswerAsync(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        string path = (await reader.ReadLineAsync(_stop.Token))?.Split(' ')[1] ?? "";
        long from = -1;
        while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } line)
        {
            if (line.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase))
            {
                from = long.Parse(line["Range: bytes=".Length..].TrimEnd('-'));
            }
        }

        Requests.Enqueue($"{path} from {from}");
        Behaviour behaviour = _script.TryDequeue(out Behaviour? next) ? next : new Behaviour();
        bool partial = from >= 0 && !behaviour.IgnoreRange;
        int start = partial ? (int)Math.Min(from + behaviour.ShiftRange, Content.Length) : 0;
        byte[] body = behaviour.Status is >= 400 ? [] : Content[start..];
        var header = new StringBuilder($"HTTP/1.1 {behaviour.Status ?? (partial ? 206 : 200)} Reason\r\nConnection: close\r\n");
        if (behaviour.Announce is not -1)
        {
            header.Append($"Content-Length: {behaviour.Announce ?? body.Length}\r\n");
        }

        if (partial)
        {
            header.Append($"Content-Range: bytes {start}-{Content.Length - 1}/{Content.Length}\r\n");
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes(header.Append("\r\n").ToString()));
        await stream.WriteAsync(body.AsMemory(0, Math.Min(body.Length, behaviour.BreakAfter ?? body.Length)));
    }
}
