using System.Buffers.Text;
using System.Numerics;

using OrleansDDM.Contracts.Security;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Tokens;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos.Security;

public sealed class TokenTests : IDisposable
{
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    private readonly RunFolder _folder = new();
    private readonly TokenKey _key = TokenKey.Generate();
    private readonly ManualClock _clock = new();

    public void Dispose()
    {
        _key.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Token_says_who_what_and_until_when()
    {
        string text = Issue(Roles.Submitter, "ann@lab.org", 8);
        Token token = Verifier().Verify(text);
        Assert.Equal((Roles.Submitter, "ann@lab.org", _key.Id), (token.Role, token.Name, token.KeyId));
        Assert.Equal((_clock.GetUtcNow(), _clock.GetUtcNow().AddHours(8)), (token.Issued, token.Expires));
        Assert.StartsWith($"ddm1:submitter:ann@lab.org:{_clock.GetUtcNow().ToUnixTimeSeconds()}:", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_single_changed_character_is_refused()
    {
        TokenVerifier verifier = Verifier();
        string text = Issue(Roles.Observer, "ann", 8);
        for (int i = 0; i < text.Length; i++)
        {
            foreach (char c in "Aa0:.-_ \n\u00e9")
            {
                if (text[i] != c)
                {
                    Assert.False(verifier.TryVerify(text[..i] + c + text[(i + 1)..], out _, out _), $"character {i} as '{c}'");
                }
            }

            Assert.False(verifier.TryVerify(text.Remove(i, 1), out _, out _));
            Assert.False(verifier.TryVerify(text.Insert(i, "="), out _, out _));
        }

        Assert.True(verifier.TryVerify(text, out _, out _));
    }

    [Fact]
    public void Other_signature_of_the_same_text_is_refused()
    {
        // (r, n - s) satisfies the curve's equation as (r, s) does.
        var order = new BigInteger(Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"), isUnsigned: true, isBigEndian: true);
        for (int i = 0; i < 8; i++)
        {
            string text = Issue(Roles.Admin, "ann" + i, 8);
            int colon = text.LastIndexOf(':');
            byte[] signature = Base64Url.DecodeFromChars(text.AsSpan(colon + 1));
            byte[] other = (order - new BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true)).ToByteArray(isUnsigned: true, isBigEndian: true);
            signature.AsSpan(32).Clear();
            other.CopyTo(signature.AsSpan(64 - other.Length));
            Assert.True(Verifier().TryVerify(text, out _, out _));
            Assert.False(Verifier().TryVerify(text[..(colon + 1)] + Base64Url.EncodeToString(signature), out _, out _));
        }
    }

    [Theory]
    [InlineData(-31, false)]
    [InlineData(-29, true)]
    [InlineData(3600 + 29, true)]
    [InlineData(3600 + 30, false)]
    public void Token_holds_from_issue_to_end_and_for_the_skew_of_clocks(int seconds, bool holds)
    {
        string text = Issue(Roles.Peer, "p", 1);
        TokenVerifier verifier = Verifier();
        Assert.True(verifier.TryVerify(text, out _, out _)); // also into its memory
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Equal(holds, verifier.TryVerify(text, out _, out string? fault));
        Assert.Equal(holds, fault is null);
    }

    [Fact]
    public void Token_of_another_key_is_refused_and_of_either_known_key_is_not()
    {
        using var other = TokenKey.Generate();
        string theirs = other.Issue(Roles.Admin, "eve", TimeSpan.FromHours(1), _clock.GetUtcNow());
        Assert.Contains("not signed by a key that this cluster knows", Assert.Throws<AccessDeniedException>(() => Verifier().Verify(theirs)).Message, StringComparison.Ordinal);
        string renamed = theirs.Replace(other.Id, _key.Id, StringComparison.Ordinal);
        Assert.False(Verifier().TryVerify(renamed, out _, out _));
        var both = new TokenVerifier([_key, other], _clock, Skew);
        Assert.True(both.TryVerify(theirs, out _, out _));
        Assert.True(both.TryVerify(Issue(Roles.Peer, "p", 1), out _, out _));
    }

    [Fact]
    public void Revoked_tokens_hold_no_more_and_those_made_after_do()
    {
        var revocations = new TokenRevocations();
        using var verifier = new TokenVerifier([_key], _clock, Skew, revocations);
        string ann = Issue(Roles.Peer, "ann", 8), ben = Issue(Roles.Peer, "ben", 8);
        Assert.True(verifier.TryVerify(ann, out _, out _)); // also into its memory
        Assert.Equal(["ann"], revocations.Set(new Dictionary<string, DateTimeOffset> { ["ann"] = _clock.GetUtcNow() }));
        Assert.False(verifier.TryVerify(ann, out _, out string? fault));
        Assert.Contains("was revoked", fault, StringComparison.Ordinal);
        Assert.True(verifier.TryVerify(ben, out _, out _));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(verifier.TryVerify(Issue(Roles.Peer, "ann", 8), out _, out _));
        Assert.Empty(revocations.Set(new Dictionary<string, DateTimeOffset> { ["ann"] = _clock.GetUtcNow().AddSeconds(-1) }));
        Assert.Equal(["*"], revocations.Set(new Dictionary<string, DateTimeOffset> { ["*"] = _clock.GetUtcNow() }));
        Assert.False(verifier.TryVerify(ben, out _, out _));
        Assert.False(Token.IsName(TokenRevocations.Everyone));
    }

    [Fact]
    public void A_pair_of_files_is_written_whole_or_not_at_all()
    {
        File.WriteAllText(_folder.File("key.pub"), "mine");
        Assert.Throws<SecurityException>(() => _key.Save(_folder.File("key")));
        Assert.False(File.Exists(_folder.File("key")));
        Assert.Equal("mine", File.ReadAllText(_folder.File("key.pub")));
    }

    [Theory]
    [InlineData(Roles.Everyone, "ann", 8.0)]
    [InlineData(Roles.None, "ann", 8.0)]
    [InlineData(Roles.Admin, "", 8.0)]
    [InlineData(Roles.Admin, "ann:x", 8.0)]
    [InlineData(Roles.Admin, "ann", 745.0)]
    [InlineData(Roles.Admin, "ann", 0.0)]
    [InlineData(Roles.Admin, "ann", -1.0)]
    public void What_no_token_may_say_is_not_signed(Roles role, string name, double hours) =>
        Assert.Throws<SecurityException>(() => Issue(role, name, hours));

    [Fact]
    public void Keys_are_kept_in_files_for_their_owner_and_never_written_over()
    {
        string file = _folder.File("key");
        _key.Save(file);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        using var loaded = TokenKey.LoadPrivate(file);
        using var half = TokenKey.LoadPublic(file + ".pub");
        Assert.Equal((_key.Id, _key.Id, true, false), (loaded.Id, half.Id, loaded.CanSign, half.CanSign));
        Assert.Throws<SecurityException>(() => half.Issue(Roles.Admin, "x", TimeSpan.FromHours(1), _clock.GetUtcNow()));
        Assert.True(new TokenVerifier([half], _clock, Skew).TryVerify(loaded.Issue(Roles.Admin, "x", TimeSpan.FromHours(1), _clock.GetUtcNow()), out _, out _));
        byte[] before = File.ReadAllBytes(file);
        Assert.Throws<SecurityException>(() => TokenKey.Generate().Save(file));
        Assert.Equal(before, File.ReadAllBytes(file));
    }

    [Fact]
    public void Files_that_others_can_read_or_change_are_refused_with_the_mend()
    {
        string file = _folder.File("key");
        _key.Save(file);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", Assert.Throws<SecurityException>(() => TokenKey.LoadPrivate(file)).Message, StringComparison.Ordinal);
        File.SetUnixFileMode(file + ".pub", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        Assert.Contains("chmod 644", Assert.Throws<SecurityException>(() => TokenKey.LoadPublic(file + ".pub")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_hold_something_else_are_refused()
    {
        _key.Save(_folder.File("key"));
        string pub = _folder.File("key.pub");
        Assert.Contains("PRIVATE KEY", Assert.Throws<SecurityException>(() => TokenKey.LoadPrivate(Secret("a", File.ReadAllText(pub)))).Message, StringComparison.Ordinal);
        Assert.Throws<SecurityException>(() => TokenKey.LoadPublic(Secret("b", "nothing")));
        Assert.Throws<SecurityException>(() => TokenKey.LoadPublic(Secret("c", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")));
        Assert.Throws<SecurityException>(() => TokenKey.LoadPublic(_folder.File("nowhere")));
        using var wide = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP384);
        Assert.Contains("P-256", Assert.Throws<SecurityException>(() => TokenKey.LoadPublic(Secret("d", wide.ExportSubjectPublicKeyInfoPem()))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Client_takes_its_token_from_the_flag_before_the_environment()
    {
        string one = Issue(Roles.Admin, "one", 1), two = Issue(Roles.Admin, "two", 1);
        string file = Secret("token", two + "\n");
        Assert.Equal(one, ClientCredentials.Read(null, Variables(("DDM__Auth__Token", one))).Token);
        Assert.Equal(two, ClientCredentials.Read(null, Variables(("DDM__Auth__Token", file))).Token);
        Assert.Equal(two, ClientCredentials.Read(file, Variables(("DDM__Auth__Token", one))).Token);
        Assert.Equal(new ClientCredentials(), ClientCredentials.Read(null, Variables()));
        Assert.Throws<SecurityException>(() => ClientCredentials.Read(Secret("no", "token"), Variables()));
        Assert.Contains("all three", Assert.Throws<SecurityException>(() => ClientCredentials.Read(null, Variables(("DDM__Tls__Key", "k")))).Message, StringComparison.Ordinal);
    }

    private static Func<string, string?> Variables(params (string Name, string Value)[] set) => name => set.FirstOrDefault(v => v.Name == name).Value;

    private string Secret(string name, string text)
    {
        SecretFile.Create(_folder.File(name), text);
        return _folder.File(name);
    }

    private string Issue(Roles role, string name, double hours) => _key.Issue(role, name, TimeSpan.FromHours(hours), _clock.GetUtcNow());

    private TokenVerifier Verifier() => new([_key], _clock, Skew);
}
