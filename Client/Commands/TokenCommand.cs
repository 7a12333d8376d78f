using System.CommandLine;
using System.Globalization;
using System.Text.Json;

using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Security;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Tokens;
using OrleansDDM.Silos.Storage;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm token key</c>, <c>ddm token create</c>, <c>ddm token show</c> and <c>ddm token revoke</c>.</summary>
internal static class TokenCommand
{
    private const double MostSkew = 300;

    private static readonly Option<string> NewFile = new("--out") { Description = "File to write; the public key goes to FILE.pub.", HelpName = "FILE", Required = true };

    private static readonly Option<string?> TokenFile = new("--out") { Description = "File to write, for its owner only; stdout otherwise.", HelpName = "FILE" };

    private static readonly Option<string> Role = new("--role") { Description = "What the bearer may be.", HelpName = "observer|peer|submitter|admin", Required = true };

    private static readonly Option<string> For = new("--for") { Description = "Whom it is for; the audit log names him.", HelpName = "NAME", Required = true };

    private static readonly Option<double> Hours = new("--hours") { Description = "How long it holds, at most 744.", HelpName = "H", DefaultValueFactory = _ => 8 };

    private static readonly Option<string> Key = new("--key") { Description = "The private key, from ddm token key.", HelpName = "FILE", Required = true };

    private static readonly Option<string?> Against = new("--key") { Description = "A public key (FILE.pub) to check its signature against.", HelpName = "FILE" };

    private static readonly Option<string?> Revoked = new("--for") { Description = "Whose tokens.", HelpName = "NAME" };

    private static readonly Option<bool> All = new("--all") { Description = "Everybody's tokens." };

    private static readonly Option<double> Skew = new("--skew-seconds")
    {
        Description = "How far clocks may differ; as the silos' Auth:SkewSeconds.",
        HelpName = "S",
        DefaultValueFactory = _ => new SecurityPlan().ClockSkew.TotalSeconds,
    };

    private static readonly Argument<string?> File = new("file")
    {
        Description = "File with the token; --token or DDM__Auth__Token otherwise.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Command Create() => new("token", "Make and look at tokens: who may do what on a cluster.") { KeyCommand(), CreateCommand(), ShowCommand(), RevokeCommand() };

    private static Command KeyCommand()
    {
        var command = new Command("key", "Make a key that signs tokens. Silos get the public half: --auth-keys FILE.pub.") { NewFile, CommonOptions.Format };
        command.SetAction(parsed =>
        {
            using TokenKey key = TokenKey.Generate();
            string file = parsed.GetValue(NewFile)!;
            key.Save(file);
            Write(parsed, new { keyId = key.Id, privateKey = file, publicKey = file + ".pub" }, $"Key {key.Id}: '{file}' signs tokens, keep it to yourself; '{file}.pub' is for the silos.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command CreateCommand()
    {
        var command = new Command("create", "Make a token.") { Role, For, Hours, Key, TokenFile };
        command.SetAction(parsed =>
        {
            Roles role = parsed.GetValue(Role) switch
            {
                "observer" => Roles.Observer,
                "peer" => Roles.Peer,
                "submitter" => Roles.Submitter,
                "admin" => Roles.Admin,
                var other => throw new CliException(ExitCode.BadConfiguration, $"--role is '{other}'; it must be observer, peer, submitter or admin."),
            };
            double hours = parsed.GetValue(Hours);
            if (!(hours > 0 && hours <= Token.LongestLife.TotalHours))
            {
                throw new CliException(
                    ExitCode.BadConfiguration, string.Create(CultureInfo.InvariantCulture, $"--hours is {hours}; it must be above 0 and at most {Token.LongestLife.TotalHours}."));
            }

            using TokenKey key = TokenKey.LoadPrivate(parsed.GetValue(Key)!);
            string token = key.Issue(role, parsed.GetValue(For)!, TimeSpan.FromHours(hours), TimeProvider.System.GetUtcNow());
            if (parsed.GetValue(TokenFile) is { } file)
            {
                SecretFile.Create(file, token + "\n");
            }
            else
            {
                Console.WriteLine(token);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command ShowCommand()
    {
        var command = new Command("show", "Show what a token says and, with --key, whether it holds.") { File, Against, CommonOptions.Format };
        command.SetAction(parsed =>
        {
            string text = (parsed.GetValue(File) is { } file ? ClientCredentials.FromFile(file) : ClientCredentials.Default.Value.Token)
                ?? throw new CliException(ExitCode.BadConfiguration, "There is no token to show: name its file, or set DDM__Auth__Token.");
            Token token = Token.Read(text) ?? throw new CliException(ExitCode.Unauthorised, "That is no token of this release. Make one: ddm token create.");
            string? fault = null;
            if (parsed.GetValue(Against) is { } key)
            {
                using var verifier = new TokenVerifier([TokenKey.LoadPublic(key)], TimeProvider.System, TimeSpan.Zero);
                verifier.TryVerify(text, out _, out fault);
            }

            bool? holds = parsed.GetValue(Against) is null ? null : fault is null;
            string role = token.Role.ToString().ToLowerInvariant();
            Write(
                parsed,
                new { name = token.Name, role, issued = token.Issued, expires = token.Expires, keyId = token.KeyId, holds, fault },
                $"{role} '{token.Name}', from {token.Issued:u} to {token.Expires:u}, key {token.KeyId}: {(holds is null ? "not checked (--key)" : fault ?? "it holds")}");
            return holds == false ? ExitCode.Unauthorised : ExitCode.Ok;
        });
        return command;
    }

    private static Command RevokeCommand()
    {
        var command = new Command("revoke", "Revoke the tokens of a name, or all, that were made up to now and, as clocks differ, --skew-seconds later: silos refuse them within seconds. Takes a database role that may write the table TokenRevocation.")
        {
            CommonOptions.Cluster,
            Revoked,
            All,
            Skew,
            CommonOptions.Format,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            string? name = parsed.GetValue(Revoked);
            if ((name is null) != parsed.GetValue(All))
            {
                throw new CliException(ExitCode.Usage, "Give either --for NAME or --all.");
            }

            if (name is not null && !Token.IsName(name))
            {
                throw new CliException(ExitCode.BadConfiguration, $"--for is '{name}'; no token can be for that name. It has 1 to 64 letters, digits, '.', '_', '-' and '@'.");
            }

            double skew = parsed.GetValue(Skew);
            if (!(skew >= 0 && skew <= MostSkew))
            {
                throw new CliException(ExitCode.BadConfiguration, string.Create(CultureInfo.InvariantCulture, $"--skew-seconds is {skew}; it must be 0 to {MostSkew}."));
            }

            string cluster = parsed.GetValue(CommonOptions.Cluster)
                ?? throw new CliException(ExitCode.Usage, $"--cluster is missing: name the cluster by it, or by {CommonOptions.ClusterVariable}.");
            DateTimeOffset upTo = await RevocationTable.RevokeAsync(
                cluster, name ?? TokenRevocations.Everyone, TimeSpan.FromSeconds(skew), TimeProvider.System, cancellation);
            Write(
                parsed,
                new { name, issuedUpTo = upTo },
                $"{(name is null ? "All tokens" : $"Tokens of '{name}'")} that are made up to {upTo:u} are revoked: as far ahead of now as clocks may differ. New ones hold if they are made after it.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Write(ParseResult parsed, object json, string text) =>
        Console.WriteLine(parsed.GetValue(CommonOptions.Format) == OutputFormat.Json ? JsonSerializer.Serialize(json, StatusText.Json) : text);
}
