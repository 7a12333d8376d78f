using System.Text.RegularExpressions;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary><c>ddm train --web</c>.</summary>
public sealed partial class WebTests : IDisposable
{
    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Address_of_the_page_is_on_stderr_whatever_progress_is_shown_and_the_page_is_there()
    {
        using DdmProcess train = DdmProcess.Start(_folder, [.. TinyRun.Long(), "--web", "--progress", "none"]);
        Assert.True(await train.UntilSaidAsync("The run can be seen at http://127.0.0.1:"));
        await train.UntilAsync(() => Address().IsMatch(train.Error));
        using var http = new HttpClient();
        var url = new Uri(Address().Match(train.Error).Groups[1].Value);
        Assert.Contains("<title>OrleansDDM</title>", await http.GetStringAsync(url), StringComparison.Ordinal);
        Assert.Contains("\"status\":\"healthy\"", await http.GetStringAsync(new Uri(url, "/health/ready")), StringComparison.Ordinal);
        await train.SignalAsync("INT");
        await train.EndAsync(130);
    }

    [GeneratedRegex(@"seen at (http://127\.0\.0\.1:\d+)\n")]
    private static partial Regex Address();
}
