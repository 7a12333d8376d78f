using System.CommandLine;
using System.Text.Json;

using OrleansDDM.Client.Runs;
using OrleansDDM.Learning.Data;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm data list</c> and <c>ddm data get</c>.</summary>
internal static class DataCommand
{
    private static readonly Argument<string> Name = new("name") { Description = "Data set: mnist, fashion-mnist, cifar-10 or digits." };

    private static readonly Option<string?> To = new("--to") { Description = "Folder to download to.", HelpName = "DIR" };

    public static Command Create() => new("data", "Find and fetch data sets.") { List(), Get() };

    private static Command List()
    {
        var command = new Command("list", "Show the known data sets, where they were found, and whether the files are the official ones.")
        {
            CommonOptions.DataRoot,
            CommonOptions.Format,
        };
        command.SetAction(parsed =>
        {
            DatasetCatalog catalog = DatasetCatalog.Default(parsed.GetValue(CommonOptions.DataRoot)!);
            IReadOnlyList<DatasetListing> found = catalog.List();
            if (parsed.GetValue(CommonOptions.Format) == OutputFormat.Json)
            {
                Console.WriteLine(JsonSerializer.Serialize(found, StatusText.Json));
                return ExitCode.Ok;
            }

            Console.WriteLine($"{"name",-15}{"checksum",-10}{"where",-40}what");
            foreach (DatasetListing row in found)
            {
                bool drawn = row.Name == DatasetCatalog.Shapes;
                string where = drawn ? "built in" : row.Location?.Path ?? "not found";
                string checksum = drawn || row.Location is null ? "–" : row.Location.Checksum.ToString().ToLowerInvariant();
                Console.WriteLine($"{row.Name,-15}{checksum,-10}{where,-40}{row.Description}");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Get()
    {
        var command = new Command("get", "Download a data set's official files; checks them and goes on after an interruption.") { Name, To };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var http = new HttpClient();
            string root = parsed.GetValue(To) ?? DatasetCatalog.DownloadRoot;
            string folder = await new DatasetDownloader(http).GetAsync(parsed.GetValue(Name)!, root, cancellation: cancellation);
            Console.WriteLine(folder);
            return ExitCode.Ok;
        });
        return command;
    }
}
