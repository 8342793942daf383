//! Characters by number or by name: `&#8212;`, `&mdash;`. The names are those of HTML 4, and those of the marks on a keyboard.

/// A name and its character each, with a blank between them and the next.
const NAMED: &str = "\
    AEligÆ AacuteÁ AcircÂ AgraveÀ AlphaΑ AringÅ AtildeÃ AumlÄ BetaΒ CcedilÇ ChiΧ Dagger‡ DeltaΔ ETHÐ EacuteÉ EcircÊ EgraveÈ EpsilonΕ EtaΗ \
    EumlË GammaΓ Hat^ IacuteÍ IcircÎ IgraveÌ IotaΙ IumlÏ KappaΚ LambdaΛ MuΜ NewLine\u{a} NtildeÑ NuΝ OEligŒ OacuteÓ OcircÔ OgraveÒ OmegaΩ \
    OmicronΟ OslashØ OtildeÕ OumlÖ PhiΦ PiΠ Prime″ PsiΨ RhoΡ ScaronŠ SigmaΣ THORNÞ Tab\u{9} TauΤ ThetaΘ UacuteÚ UcircÛ UgraveÙ UpsilonΥ \
    UumlÜ XiΞ YacuteÝ YumlŸ ZetaΖ aacuteá acircâ acute´ aeligæ agraveà alefsymℵ alphaα amp& and∧ ang∠ apos' aringå ast* asymp≈ atildeã \
    aumlä bdquo„ betaβ brvbar¦ bsol\u{5c} bull• cap∩ ccedilç cedil¸ cent¢ check✓ chiχ circˆ clubs♣ colon: comma, commat@ cong≅ copy© crarr↵ \
    cup∪ curren¤ dArr⇓ dagger† darr↓ deg° deltaδ diams♦ divide÷ dollar$ eacuteé ecircê egraveè empty∅ emsp\u{2003} ensp\u{2002} epsilonε \
    equals= equiv≡ etaη ethð eumlë euro€ excl! exist∃ fnofƒ forall∀ frac12½ frac14¼ frac34¾ frasl⁄ gammaγ ge≥ grave` gt> hArr⇔ harr↔ \
    hearts♥ hellip… iacuteí icircî iexcl¡ igraveì imageℑ infin∞ int∫ iotaι iquest¿ isin∈ iumlï kappaκ lArr⇐ lambdaλ lang〈 laquo« larr← \
    lbrace{ lbrack[ lceil⌈ ldquo“ le≤ lfloor⌊ lowast∗ lowbar_ loz◊ lpar( lrm\u{200e} lsaquo‹ lsquo‘ lt< macr¯ mdash— microµ middot· minus− \
    muμ nabla∇ nbsp\u{a0} ndash– ne≠ ni∋ not¬ notin∉ nsub⊄ ntildeñ nuν num# oacuteó ocircô oeligœ ograveò oline‾ omegaω omicronο oplus⊕ or∨ \
    ordfª ordmº oslashø otildeõ otimes⊗ oumlö para¶ part∂ percnt% period. permil‰ perp⊥ phiφ piπ pivϖ plus+ plusmn± pound£ prime′ prod∏ \
    prop∝ psiψ quest? quot\u{22} rArr⇒ radic√ rang〉 raquo» rarr→ rbrace} rbrack] rceil⌉ rdquo” realℜ reg® rfloor⌋ rhoρ rlm\u{200f} rpar) \
    rsaquo› rsquo’ sbquo‚ scaronš sdot⋅ sect§ semi; shy\u{ad} sigmaσ sigmafς sim∼ sol/ spades♠ sub⊂ sube⊆ sum∑ sup⊃ sup1¹ sup2² sup3³ supe⊇ \
    szligß tauτ there4∴ thetaθ thetasymϑ thinsp\u{2009} thornþ tilde˜ times× trade™ uArr⇑ uacuteú uarr↑ ucircû ugraveù uml¨ upsihϒ upsilonυ \
    uumlü verbar| vert| weierp℘ xiξ yacuteý yen¥ yumlÿ zetaζ zwj\u{200d} zwnj\u{200c}";

/// The character that a reference at the front of `text` stands for, and the length of the reference.
pub(super) fn entity(text: &str) -> Option<(char, usize)> {
    let inside = text.strip_prefix('&')?;
    let end = inside.bytes().take(MAX_NAME).position(|byte| byte == b';')?;
    let name = &inside[..end];
    let character = match name.strip_prefix('#') {
        Some(number) => numbered(number)?,
        None => named(name)?,
    };
    Some((character, end + 2))
}

/// Longest name or number, in bytes.
const MAX_NAME: usize = 10;

fn numbered(number: &str) -> Option<char> {
    let (digits, radix, most) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16, 6),
        None => (number, 10, 7),
    };
    let is_number = (1..=most).contains(&digits.len()) && digits.chars().all(|c| c.is_digit(radix));
    let code = is_number.then(|| u32::from_str_radix(digits, radix).ok())??;
    Some(char::from_u32(code).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER))
}

fn named(name: &str) -> Option<char> {
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then_some(())?;
    NAMED.split(' ').find_map(|known| {
        let character = known.strip_prefix(name)?;
        let mut characters = character.chars();
        characters.next().filter(|_| characters.next().is_none())
    })
}
