using System.Text.RegularExpressions;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>What needs no run: help, usage, configuration and the exit codes of mistakes.</summary>
public sealed partial class CommandLineTests : IDisposable
{
    private static readonly string[] Contract =
    [
        "demo", "train", "resume", "sample", "evaluate", "compare", "experiment", "simulate", "runs", "status", "watch", "stop", "pull", "data",
        "cluster", "db", "token", "cert", "chaos", "solve",
    ];

    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_verb_that_help_lists_exists_and_has_help()
    {
        DdmResult help = await DdmProcess.ExpectAsync(0, _folder, "--help");
        string[] verbs = [.. Verb().Matches(help.Output[help.Output.IndexOf("Commands:", StringComparison.Ordinal)..]).Select(m => m.Groups[1].Value)];
        Assert.Subset(Contract.ToHashSet(), verbs.ToHashSet());
        Assert.Superset(new HashSet<string> { "demo", "train", "resume", "sample", "evaluate", "runs", "status", "watch", "stop", "data" }, verbs.ToHashSet());
        DdmResult[] each = await Task.WhenAll(verbs.Select(v => DdmProcess.ExpectAsync(0, _folder, v, "--help")));
        Assert.All(each.Zip(verbs), e => Assert.Contains("ddm " + e.Second, e.First.Output, StringComparison.Ordinal));
        Assert.All(each.Append(help), AssertPlain);
        Assert.All(each, e => Assert.Empty(e.Error));
    }

    [Fact]
    public async Task Version_is_one_line() =>
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", (await DdmProcess.ExpectAsync(0, _folder, "--version")).Output);

    [Theory]
    [InlineData("frobnicate", "frobnicate")]
    [InlineData("train --frob", "--frob")]
    [InlineData("train --seed", "--seed")]
    [InlineData("train --seed=-1", "-1")]
    [InlineData("sample --run r --count many", "many")]
    [InlineData("sample", "--run")]
    [InlineData("runs --format xml", "xml")]
    [InlineData("", "command")]
    public async Task A_wrong_command_line_is_exit_code_2(string line, string named)
    {
        DdmResult result = await DdmProcess.ExpectAsync(2, _folder, line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Empty(result.Output);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
        Assert.Contains("--help", result.Error, StringComparison.Ordinal);
        AssertPlain(result);
    }

    [Theory]
    [InlineData("train --set training.steps=0", "training.steps")]
    [InlineData("train --set training.step=5", "training.step")]
    [InlineData("train --set training.steps", "training.steps")]
    [InlineData("train --name ../x", "name")]
    [InlineData("train nowhere.json", "nowhere.json")]
    [InlineData("train --data no-such-set", "no-such-set")]
    [InlineData("train --data shapes --set model.kind=dit --set model.patch=5", "patch")]
    [InlineData(
        "train --data shapes --peers 4 --protocol modest --set islands.topologyDegree=3",
        "islands.topologyDegree is not used by modest, whose peers know no graph; leave it out, or choose --protocol dpsgd, decavg, dfedsam, diloco.")]
    [InlineData("data get no-such-set", "no-such-set")]
    [InlineData("resume nowhere", "nowhere")]
    [InlineData("status --run nowhere", "nowhere")]
    [InlineData("watch --run nowhere", "nowhere")]
    [InlineData("sample --run nowhere", "nowhere")]
    [InlineData("train --cluster a=b=c", "--cluster")]
    public async Task A_bad_configuration_is_exit_code_3_and_one_message(string line, string named)
    {
        DdmResult result = await DdmProcess.ExpectAsync(3, _folder, line.Split(' '));
        Assert.Empty(result.Output);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
        AssertNoStack(result);
        AssertPlain(result);
    }

    [Theory]
    [InlineData("train --data no-such-set")]
    [InlineData("train --set model.heads=0")]
    public async Task A_refused_run_leaves_nothing_behind(string line)
    {
        await DdmProcess.ExpectAsync(3, _folder, line.Split(' '));
        Assert.Empty(Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_cluster_that_refuses_the_connection_is_exit_code_4()
    {
        DdmResult result = await DdmProcess.ExpectAsync(4, _folder, "train", "--cluster", "Host=127.0.0.1;Port=1;Username=u;Database=d");
        Assert.Contains("cannot be reached", result.Error, StringComparison.Ordinal);
        AssertNoStack(result);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task An_error_is_JSON_where_JSON_was_asked_for()
    {
        DdmResult result = await DdmProcess.ExpectAsync(3, _folder, "status", "--run", "nowhere", "--format", "json");
        Assert.Equal(3, result.Json.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Contains("nowhere", result.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_data_file_is_exit_code_7()
    {
        Directory.CreateDirectory(_folder.File("my set!"));
        byte[] header = [0, 0, 8, 3, 0, 0, 0, 50, 0, 0, 0, 8, 0, 0, 0, 8];
        File.WriteAllBytes(_folder.File("my set!/train-images-idx3-ubyte"), [.. header, .. new byte[1000]]);
        File.WriteAllBytes(_folder.File("my set!/train-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 50, .. new byte[50]]);
        DdmResult result = await DdmProcess.ExpectAsync(7, _folder, TinyRun.Short().Select(a => a == "shapes" ? "my set!" : a));
        Assert.Contains("truncated", result.Error, StringComparison.Ordinal);
        AssertNoStack(result);
    }

    [Fact]
    public async Task Lists_of_nothing_are_empty_lists()
    {
        Assert.Equal(0, (await DdmProcess.ExpectAsync(0, _folder, "runs", "--format", "json")).Json.GetArrayLength());
        Assert.Single((await DdmProcess.ExpectAsync(0, _folder, "runs")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Data_list_tells_what_is_there()
    {
        DdmResult result = await DdmProcess.ExpectAsync(0, _folder, "data", "list", "--data-root", _folder, "--format", "json");
        Assert.Equal(
            ["shapes", "mnist", "fashion-mnist", "cifar-10", "digits"], result.Json.EnumerateArray().Select(e => e.GetProperty("name").GetString()!));
        AssertPlain(result);
    }

    internal static void AssertNoStack(DdmResult result) => Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);

    /// <summary>Neither colours nor cursor moves.</summary>
    internal static void AssertPlain(DdmResult result) =>
        Assert.DoesNotContain(result.Output + result.Error, c => char.IsControl(c) && c is not ('\n' or '\r'));

    [GeneratedRegex(@"^  ([a-z]+)", RegexOptions.Multiline)]
    private static partial Regex Verb();
}
